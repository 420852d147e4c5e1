// Words for a shell.

/** One word of a POSIX shell's line, whatever it holds: nothing in it is expanded, ended or run. */
export const shellWord = (text: string): string =>
  /^[\w./:,+=@%-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`
