// `isoflop models`: the imported models, and how the other commands find and take them.
import { resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ImportedModel, ModelOrigin } from '#shared/model.ts'
import type { Subject } from '#shared/subject.ts'
import { endsByItself } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { lastChangeMs } from '#main/platform/disk/changes.ts'
import { exists } from '#main/platform/disk/files.ts'
import { short, table } from './amounts.ts'
import { findModel, whole } from './find.ts'
import { readLab, waitFor, withLab } from './lab.ts'
import type { CommandContext, CommandPart } from './program.ts'
import { broughtBackBy, yesOption } from './trash.ts'

export const modelsCommand: CommandPart = (program, act) => {
  const models = program
    .command('models')
    .description('list the imported models, or delete one')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop models                                    what has been imported
  $ isoflop models delete Cerebras-GPT-111M`,
    )
  models
    .command('list', { isDefault: true })
    .description('list the imported models')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop models --json`,
    )
    .action(
      act((context) =>
        readLab(context, async (lab) => {
          const all = await lab.listModels()
          return {
            document: { models: all },
            text:
              all.length === 0 ? 'No model has been imported yet. `isoflop import` takes one over.' : modelsText(all),
          }
        }),
      ),
    )
  models
    .command('delete')
    .description('delete a model')
    .argument('<model>', 'its whole id or name')
    .addOption(yesOption())
    .addHelpText(
      'after',
      `
Example:
  $ isoflop models delete Cerebras-GPT-111M`,
    )
    .action(
      act((context, _options: object, wanted: string) =>
        withLab(context, async (lab) => {
          const model = await findModel(lab, wanted, whole)
          await lab.deleteModel(model.id)
          return { document: { deleted: model.id }, text: `${model.name} is deleted. ${broughtBackBy(model.id)}` }
        }),
      ),
    )
}

export const modelsText = (models: readonly ImportedModel[]): string =>
  table(
    ['model', 'name', 'state', 'parameters', 'bytes', 'license', 'from'],
    models.map(({ id, name, state, parameters, bytes, licence, origin, message }) => [
      id,
      name,
      state,
      parameters === null ? '' : short(parameters),
      bytes > 0 ? short(bytes) : '',
      licence ?? '',
      message ?? originText(origin),
    ]),
  )

const originText = (origin: ModelOrigin): string =>
  origin.kind === 'hub'
    ? `hub: ${origin.repo}`
    : origin.kind === 'folder'
      ? origin.path
      : `${origin.paths.length} files`

/** How a subject is named in a command's JSON. */
export const subjectDocument = (subject: Subject) =>
  subject.kind === 'run'
    ? { runId: subject.runId }
    : subject.kind === 'model'
      ? { modelId: subject.modelId }
      : { checkpoint: subject.path }

/** A folder that is there, else a name on the hub. */
export async function originOf(source: string, revision = 'main'): Promise<ModelOrigin> {
  if (await exists(resolve(source))) return { kind: 'folder', path: resolve(source) }
  if (/^(https?:\/\/[^/]+\/)?[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(source))
    return { kind: 'hub', repo: source, revision }
  throw new Fault(
    'not-found',
    `There is no folder ${source}, and it is no name on the hub either; one looks like cerebras/Cerebras-GPT-111M.`,
  )
}

/** The finished model of an origin that still says the same; a folder that was changed since is another model. */
async function knownModel(lab: LabHost, origin: ModelOrigin): Promise<ImportedModel | null> {
  const same = (await lab.listModels()).filter(
    (one) => one.state === 'finished' && JSON.stringify(one.origin) === JSON.stringify(origin),
  )
  const newest = same[same.length - 1] as ImportedModel | undefined
  if (!newest || origin.kind !== 'folder') return newest ?? null
  return (await lastChangeMs(origin.path)) < newest.createdMs ? newest : null
}

/** The ready model of an origin: the one that is here already, or taken over now. */
export async function takeModel(
  lab: LabHost,
  origin: ModelOrigin,
  name: string | null,
  context: CommandContext,
): Promise<{ model: ImportedModel; isNew: boolean }> {
  const known = await knownModel(lab, origin)
  if (known) return { model: known, isNew: false }
  const { id } = await lab.importModel(origin, name)
  const model = await waitFor(lab, 'model', context.signal, async (news) => {
    const found = news?.id === id ? news : (await lab.listModels()).find((one) => one.id === id)
    if (!found) throw new Fault('not-found', 'The model was deleted meanwhile.')
    if (!endsByItself(found)) return found
    const { progress } = found
    context.terminal.progress(
      progress?.phase === 'fetching' && progress.totalBytes > 0
        ? `Fetching ${found.name}: ${Math.floor((100 * progress.doneBytes) / progress.totalBytes)} %`
        : `Importing ${found.name}`,
    )
    return undefined
  })
  if (model.state === 'finished') return { model, isNew: true }
  await lab.deleteModel(id)
  await lab.emptyDeleted([id]) // what was refused leaves nothing
  throw new Fault(
    model.state === 'cancelled' ? 'cancelled' : (model.code ?? 'failed'),
    model.message ?? 'The import was cancelled.',
  )
}
