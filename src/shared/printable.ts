// What a terminal or a list may show of a name that came from anywhere: nothing that commands it.

/** Without control characters (C0, DEL, C1) and bidirectional controls; line breaks and tabs stay. */
export const printable = (text: string): string => text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '')

/** The same in one line: what parts lines or columns becomes a blank. */
export const oneLine = (text: string): string => printable(text.replace(/\r\n|[\r\n\t\u2028\u2029]/g, ' '))

/** As many names as a sentence has room for; the count of all where some are left out. */
export function listed(names: readonly string[], mostCharacters = 200): string {
  let shown = 0
  for (let length = 0; shown < names.length && (length += names[shown].length + 2) <= mostCharacters;) shown++
  const few = names.slice(0, shown).join(', ')
  return shown === names.length ? few : `${few}, … (${names.length} in all)`
}

/** With the full stop of a sentence, which the words of others may have or not. */
export const asSentence = (text: string): string => text.replace(/\.?$/, '.')

/** What a command complained of last. */
export const lastLine = (errors: string): string => errors.trim().split('\n').at(-1)!.trim().slice(0, 300)
