// `isoflop serve`: the window in a browser on this machine.
import { startWebDoor } from '#main/web/door.ts'
import { parseWhole } from './amounts.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

interface ServeOptions {
  port: number
  open?: boolean
}

export const serveCommand: CommandPart = (program, act) => {
  program.command('serve')
    .description('open the workbench in a browser on this machine')
    .option('--port <port>', '0 for any that is free', parseWhole(0, 65_535), 0)
    .option('--open', 'open the system’s browser')
    .addHelpText('after', `
Example:
  $ isoflop serve --open`)
    .action(act((context, { port, open }: ServeOptions) => withLab(context, async (lab) => {
      const { terminal, signal, parts } = context
      const door = await startWebDoor({ lab, host: '127.0.0.1', port, open: open ?? false, rendererFolder: parts.renderer })
      terminal.answer({ document: { url: door.url, port: door.port }, text: `Isoflop is at ${door.url}\n` })
      terminal.note('The link works once. Ctrl+C ends; a training goes on from its last checkpoint at the next start.')
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await door.close()
      return null
    })))
}
