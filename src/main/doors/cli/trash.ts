// `isoflop trash`: what was deleted and can be brought back; restored, or forgotten for good.
import { Option } from 'commander'
import type { DeletedItem, DeletedKind } from '#shared/deleted.ts'
import { Fault } from '#shared/fault.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { short, table } from './amounts.ts'
import { findDeleted } from './find.ts'
import { readLab, withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

/** What deletions needed when nothing brought a thing back; scripts may still say it. */
export const yesOption = (): Option => new Option('--yes').hideHelp()

export const broughtBackBy = (id: string): string => `\`isoflop trash restore ${id}\` brings it back.`

export const trashCommand: CommandPart = (program, act) => {
  const trash = program
    .command('trash')
    .description('list what was deleted, bring it back, or empty it')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop trash                     what can be brought back, and until when
  $ isoflop trash restore Demo
  $ isoflop trash empty --yes`,
    )
  trash
    .command('list', { isDefault: true })
    .description('list what was deleted, latest first')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop trash --json`,
    )
    .action(
      act((context) =>
        readLab(context, async (lab) => {
          const deleted = await lab.listDeleted()
          return { document: { deleted }, text: deleted.length === 0 ? 'Nothing was deleted lately.' : text(deleted) }
        }),
      ),
    )
  trash
    .command('restore')
    .description('bring back a study, run, corpus, model or evaluation')
    .argument('<deleted>', 'its whole id or name')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop trash restore Demo`,
    )
    .action(
      act((context, _options: object, wanted: string) =>
        withLab(context, async (lab) => {
          const item = await findDeleted(lab, wanted)
          await restore(lab, item)
          return { document: { restored: item.id, kind: item.kind }, text: `${item.name} is back.` }
        }),
      ),
    )
  trash
    .command('empty')
    .description('forget what was deleted, for good')
    .argument('[deleted]', 'its whole id or name; else everything')
    .option('--yes', 'nothing brings it back, so it has to be said')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop trash empty --yes`,
    )
    .action(
      act((context, { yes }: { yes?: boolean }, wanted?: string) =>
        withLab(context, async (lab) => {
          const items = wanted === undefined ? await lab.listDeleted() : [await findDeleted(lab, wanted)]
          const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
          const what = `${items.length} deleted thing${items.length === 1 ? '' : 's'} of ${short(bytes)}B`
          if (!yes) throw new Fault('bad-input', `${what} would be gone for good. With --yes they are.`)
          const freedBytes = await lab.emptyDeleted(items.map(({ id }) => id))
          return { document: { forgotten: items.map(({ id }) => id), freedBytes }, text: `${what} are gone for good.` }
        }),
      ),
    )
}

function restore(lab: LabHost, { kind, id }: DeletedItem): Promise<unknown> {
  const by: Record<DeletedKind, () => Promise<unknown>> = {
    study: () => lab.restoreStudy(id),
    run: () => lab.restoreRun(id),
    corpus: () => lab.restoreCorpus(id),
    model: () => lab.restoreModel(id),
    evaluation: () => lab.restoreEvaluation(id),
  }
  return by[kind]()
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const text = (items: readonly DeletedItem[]): string =>
  table(
    ['deleted', 'kind', 'name', 'of', 'bytes', 'on', 'kept until'],
    items.map(({ kind, id, name, of, bytes, deletedMs, keptUntilMs }) => [
      id,
      kind,
      name,
      of ?? '',
      short(bytes),
      day(deletedMs),
      day(keptUntilMs),
    ]),
  )
