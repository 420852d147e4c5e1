// `isoflop serve`: the window in a browser on this machine.
import { parseWhole } from './amounts.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

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
          const door = await startWebDoor({
            lab,
            host: '127.0.0.1',
            port,
            open: open ?? false,
            rendererFolder: parts.renderer,
          })
          terminal.answer({ document: { url: door.url, port: door.port }, text: `Isoflop is at ${door.url}\n` })
          terminal.note(
            'The link works once; Enter prints a fresh one. Ctrl+C ends; a training goes on from its last checkpoint at the next start.',
          )
          const stopKeys = onEnter(() => terminal.note(`A fresh link, the one before it is void: ${door.newUrl()}`))
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          stopKeys()
          await door.close()
          return null
        }),
      ),
    )
}

/** Calls back for every line typed at the terminal, where there is one, until the function returned is called. */
function onEnter(listener: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => undefined
  stdin.on('data', listener)
  return () => {
    stdin.off('data', listener)
    stdin.pause()
  }
}
