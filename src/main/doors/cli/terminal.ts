// Standard output is for the answer alone, standard error for everything said on the way.
import type { FaultData } from '#shared/fault.ts'
import { oneLine, printable } from '#shared/printable.ts'

export interface Terminal {
  readonly isJson: boolean
  /** The command's one answer. */
  answer(answer: { document: unknown; text: string }): void
  /** A line on standard error. */
  note(line: string): void
  /**
   * A line on standard error that the next one replaces, where a person is looking; a plain line now and then
   * elsewhere.
   */
  progress(line: string): void
  fail(fault: FaultData): void
  /** On standard output, as it is. */
  write(text: string): void
  /** Resolves when everything has left the process. */
  flush(): Promise<void>
}

/** How often progress is worth a line of a log, ms. */
const logEveryMs = 5000

/** JSON that a terminal can show too: characters that would command it are escaped, which changes no value. */
const documentText = (document: unknown): string =>
  `${JSON.stringify(document, null, 2).replace(
    /[\u007f-\u009f\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`

export function createTerminal({ isJson }: { isJson: boolean }): Terminal {
  const writeOut = process.stdout.write.bind(process.stdout)
  const writeErr = process.stderr.write.bind(process.stderr)
  // A reader that left (`| head`) has seen what it wanted; a progress display that left is no loss.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 1))
  process.stderr.on('error', () => {})
  // Whatever a library prints is said on the way: it must not end up in the document.
  if (isJson) process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write

  // One document, whatever happens: a second one is the news of an interrupt that came after the first.
  let isAnswered = false
  const writeDocument = (document: unknown) => {
    if (!isAnswered) writeOut(documentText(document))
    isAnswered = true
  }

  const isWatched = process.stderr.isTTY === true
  let shown = 0 // characters of the progress line on the screen
  let loggedMs = -Infinity
  let logged = ''
  const clear = () => {
    if (shown > 0) writeErr(`\r${' '.repeat(shown)}\r`)
    shown = 0
  }
  const note = (line: string) => {
    clear()
    writeErr(`${printable(line)}\n`)
  }
  return {
    isJson,
    note,
    answer({ document, text }) {
      clear()
      if (isJson) return writeDocument(document)
      const said = printable(text)
      writeOut(said.endsWith('\n') || said === '' ? said : `${said}\n`)
    },
    progress(said) {
      const line = oneLine(said)
      if (isWatched) {
        const fitted = line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))
        writeErr(`\r${fitted.padEnd(shown)}`)
        shown = Math.max(shown, fitted.length)
      } else if (line !== logged && performance.now() - loggedMs >= logEveryMs) {
        loggedMs = performance.now()
        logged = line
        writeErr(`${line}\n`)
      }
    },
    fail({ code, message, details }) {
      note(message)
      if (details && process.env.ISOFLOP_DETAILS) note(details)
      if (isJson) writeDocument({ error: { code, message } })
    },
    write: (text) => void writeOut(text),
    flush: async () => {
      clear()
      for (const write of [writeOut, writeErr]) await new Promise<void>((done) => write('', () => done()))
    },
  }
}
