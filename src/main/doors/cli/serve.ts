// `isoflop serve`: the window in a browser on this machine.
import { printable } from '#shared/printable.ts'
import { parseWhole } from './amounts.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'
import type { Terminal } from './terminal.ts'

interface ServeOptions {
  port: number
  open?: boolean
}

export const serveCommand: CommandPart = (program, act) => {
  program
    .command('serve')
    .description('open the workbench in a browser on this machine')
    .option('--port <port>', '0 for any that is free', parseWhole(0, 65_535), 0)
    .option('--open', 'open the system’s browser')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop serve --open`,
    )
    .action(
      act((context, { port, open }: ServeOptions) =>
        withLab(context, async (lab) => {
          const { terminal, signal, parts } = context
          const { startWebDoor } = await import('#main/doors/web/door.ts')
          const keys = keysOfTerminal()
          const door = await startWebDoor({
            lab,
            agree: keys && pathQuestions(keys, terminal),
            host: '127.0.0.1',
            port,
            open: open ?? false,
            rendererFolder: parts.renderer,
          })
          terminal.answer({ document: { url: door.url, port: door.port }, text: `Isoflop is at ${door.url}\n` })
          terminal.note(
            'The link works once; Enter prints a fresh one. Ctrl+C ends; training resumes from its last checkpoint at the next start.',
          )
          if (keys) keys.hear = () => terminal.note(`A fresh link, the one before it is void: ${door.newUrl()}`)
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          keys?.stop()
          await door.close()
          return null
        }),
      ),
    )
}

interface Keys {
  /** Is told every line that is typed. */
  hear(line: string): void
  stop(): void
}

/** What is typed at the terminal; undefined where there is none. */
function keysOfTerminal(): Keys | undefined {
  const { stdin } = process
  if (!stdin.isTTY) return undefined
  const heard = (line: Buffer): void => keys.hear(line.toString('utf8').trim())
  const keys: Keys = {
    hear() {},
    stop() {
      stdin.off('data', heard)
      stdin.pause()
    },
  }
  stdin.on('data', heard)
  return keys
}

/** How long a question waits at the terminal, s. */
const patienceSeconds = 60

/** Asks the person at the terminal whether the page may use paths that it names by itself, one question at a time. */
function pathQuestions(keys: Keys, terminal: Terminal): (paths: readonly string[]) => Promise<boolean> {
  let last: Promise<unknown> = Promise.resolve()
  const ask = (paths: readonly string[]): Promise<boolean> => {
    const shown = paths.slice(0, 10).map((path) => `  ${printable(path).slice(0, 300)}\n`)
    if (paths.length > shown.length) shown.push(`  and ${paths.length - shown.length} more\n`)
    terminal.note(
      `The window wants to use\n${shown.join('')}If you typed this there, press y and Enter within ${patienceSeconds} seconds.`,
    )
    const { hear } = keys
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceSeconds * 1000)
      keys.hear = (line) => {
        clearTimeout(timer)
        resolve(line.toLowerCase() === 'y')
      }
    }).finally(() => {
      keys.hear = hear
    })
  }
  return (paths) => {
    const answer = last.then(() => ask(paths))
    last = answer
    return answer
  }
}
