// `isoflop studies`: the studies in the lab; made, renamed, copied, put away, deleted, and carried to another lab as
// one file.
import { resolve } from 'node:path'
import type { Study } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { Command } from 'commander'
import { table } from './amounts.ts'
import { findStudy, whole } from './find.ts'
import { readLab, withLab } from './lab.ts'
import { writeOutput } from './output.ts'
import type { CommandPart } from './program.ts'
import { repeatCommand } from './repeat.ts'
import { broughtBackBy, yesOption } from './trash.ts'

const studyArgument = ['<study>', 'its id, its name, or the beginning of either'] as const

const listed = async (lab: LabHost, studies: readonly Study[]): Promise<string> => {
  const corpora = new Map((await lab.listCorpora()).map(({ id, name }) => [id, name]))
  const rows = studies.map(({ id, name, corpusId, ladder, isArchived }) => [
    id,
    name,
    corpora.get(corpusId) ?? corpusId,
    String(ladder.members.length),
    isArchived ? 'archived' : '',
  ])
  return table(['study', 'name', 'corpus', 'members', ''], rows)
}

export const studiesCommand: CommandPart = (program, act) => {
  const studies = program
    .command('studies')
    .description('list the studies, or make, rename, copy, archive, delete and carry them')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop studies
  $ isoflop studies write Demo --to demo.json`,
    )
  const verb = (name: string, description: string, example: string): Command =>
    studies.command(name).description(description).addHelpText('after', `\nExample:\n  $ isoflop studies ${example}`)
  /** A verb whose answer is the study it left behind. */
  const change = (use: (lab: LabHost, ...args: string[]) => Promise<Study>) =>
    act((context, _options: object, ...args: string[]) =>
      withLab(context, async (lab) => {
        const study = await use(lab, ...args)
        return { document: { study }, text: await listed(lab, [study]) }
      }),
    )

  studies
    .command('list', { isDefault: true })
    .description('list the studies')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop studies --json`,
    )
    .action(
      act((context) =>
        readLab(context, async (lab) => {
          const all = await lab.listStudies()
          return {
            document: { studies: all },
            text: all.length === 0 ? 'There are no studies yet. `isoflop demo` makes one.' : await listed(lab, all),
          }
        }),
      ),
    )
  verb('create', 'make a study: the starter ladder on the bundled text', 'create "Wide or deep"')
    .argument('<name>', 'what to call it')
    .action(change((lab, name) => lab.createStudy(name)))
  verb('rename', 'give a study another name', 'rename Demo "First law"')
    .argument(...studyArgument)
    .argument('<name>', 'what to call it')
    .action(change(async (lab, study, name) => lab.updateStudy((await findStudy(lab, study)).id, { name })))
  verb('duplicate', 'copy a study, without its runs', 'duplicate Demo')
    .argument(...studyArgument)
    .action(change(async (lab, study) => lab.duplicateStudy((await findStudy(lab, study)).id)))
  verb('archive', 'put a study away; nothing of it is lost', 'archive Demo')
    .argument(...studyArgument)
    .action(change(async (lab, study) => lab.updateStudy((await findStudy(lab, study)).id, { isArchived: true })))
  verb('unarchive', 'take an archived study out again', 'unarchive Demo')
    .argument(...studyArgument)
    .action(change(async (lab, study) => lab.updateStudy((await findStudy(lab, study)).id, { isArchived: false })))
  verb('delete', 'delete a study with its runs and their checkpoints', 'delete Demo')
    .argument('<study>', 'its whole id or name')
    .addOption(yesOption())
    .action(
      act((context, _options: object, wanted: string) =>
        withLab(context, async (lab) => {
          const study = await findStudy(lab, wanted, whole)
          const runs = await lab.listRuns(study.id)
          await lab.deleteStudy(study.id)
          return {
            document: { deleted: study.id, runs: runs.length },
            text: `“${study.name}” and its ${runs.length} runs are deleted. ${broughtBackBy(study.id)}`,
          }
        }),
      ),
    )
  verb('write', 'write a study to one JSON file, which gives the same plan in another lab', 'write Demo --to demo.json')
    .argument(...studyArgument)
    .requiredOption('--to <file>', 'the file to write')
    .option('--locked', 'with what repeats its finished runs elsewhere to the same bits, and their losses')
    .option('--overwrite', 'replace the file')
    .action(
      act((context, { to, overwrite, locked }: { to: string; overwrite?: boolean; locked?: boolean }, wanted: string) =>
        readLab(context, async (lab) => {
          const study = await lab.studyDocument((await findStudy(lab, wanted)).id, locked)
          const file = await writeOutput(context.home, to, `${JSON.stringify(study, null, 2)}\n`, { overwrite })
          return { document: { file, study }, text: `Written to ${file}.` }
        }),
      ),
    )
  verb('read', 'make a study of such a file', 'read demo.json')
    .argument('<file>', 'what `studies write` or the window wrote')
    .action(
      change(async (lab, file) => {
        const { readJson } = await import('#main/platform/disk/files.ts')
        return lab.importStudy(await readJson(resolve(file)))
      }),
    )
  repeatCommand(verb, act)
}
