// `isoflop studies`: the studies in the lab.
import { table } from './amounts.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

export const studiesCommand: CommandPart = (program, act) => {
  program.command('studies')
    .description('list the studies')
    .addHelpText('after', `
Example:
  $ isoflop studies --json`)
    .action(act((context) => withLab(context, async (lab) => {
      const studies = await lab.listStudies()
      const corpora = new Map((await lab.listCorpora()).map(({ id, name }) => [id, name]))
      const rows = studies.map(({ id, name, corpusId, ladder }) => [id, name, corpora.get(corpusId) ?? corpusId, String(ladder.members.length)])
      return { document: { studies }, text: studies.length === 0 ? 'There are no studies yet. `isoflop demo` makes one.' : table(['study', 'name', 'corpus', 'members'], rows) }
    })))
}
