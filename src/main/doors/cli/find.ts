// How the commands find what a person calls by name: runs, models, studies and corpora, all by the same rules.
import type { Corpus } from '#shared/corpus.ts'
import type { DeletedItem } from '#shared/deleted.ts'
import { Fault } from '#shared/fault.ts'
import type { ImportedModel } from '#shared/model.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { KeptSubject } from '#shared/subject.ts'
import { isUnderWay, type TaskState } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { usageError } from './program.ts'

/** What can be called by a name. */
interface Named {
  id: string
  name: string
  /** What is finished is meant before what is under way, and that before what failed; absent: all are as good. */
  state?: TaskState
}

/** How sentences call a kind of thing, and which command lists it. */
interface Kind {
  one: string
  many: string
  lister: string
}

const kinds = {
  run: { one: 'run', many: 'runs', lister: 'isoflop runs' },
  model: { one: 'model', many: 'models', lister: 'isoflop models' },
  study: { one: 'study', many: 'studies', lister: 'isoflop studies' },
  corpus: { one: 'corpus', many: 'corpora', lister: 'isoflop corpus list' },
  deleted: { one: 'deleted thing', many: 'deleted things', lister: 'isoflop trash' },
} satisfies Record<string, Kind>

const runOrModel: Kind = { one: 'run', many: 'runs and models', lister: 'isoflop runs` or `isoflop models' }

/** Most of a name that a sentence repeats, characters. */
const shownCharacters = 40

const shown = (name: string): string =>
  name.length > shownCharacters ? `${name.slice(0, shownCharacters - 1)}…` : name

/**
 * The things that `wanted` may mean: the one of this id, else those of this name, else those whose id or name begins
 * so; of these the finished ones, or where none is those under way.
 */
function meant<T extends Named>(things: readonly T[], wanted: string, isWhole: boolean): T[] {
  const byId = things.filter(({ id }) => id === wanted)
  if (byId.length > 0) return byId
  const byName = things.filter(({ name }) => name === wanted)
  const begins = ({ id, name }: T) => id.startsWith(wanted) || name.startsWith(wanted)
  const found = byName.length > 0 || isWhole ? byName : things.filter(begins)
  const finished = found.filter(({ state }) => state === undefined || state === 'finished')
  if (finished.length > 0) return finished
  const underWay = found.filter(({ state }) => state !== undefined && isUnderWay({ state }))
  return underWay.length > 0 ? underWay : found
}

/**
 * The one thing called `wanted`. A usage error where that is empty, as an unset variable in a script is; `not-found`
 * and, with the ids to choose from, `bad-input` where there is none or more than one.
 */
function pick<T extends Named>(
  things: readonly T[],
  wanted: string,
  { one, many, lister }: Kind,
  { isWhole = false } = {},
): T {
  if (wanted.trim() === '') throw usageError(`Which ${one}? An empty name is none; \`${lister}\` lists them.`)
  const found = meant(things, wanted, isWhole)
  if (found.length === 1) return found[0]
  if (found.length === 0)
    throw new Fault(
      'not-found',
      `There is no ${one} called "${shown(wanted)}"${isWhole ? ' (its whole name or id is needed here)' : ''}. \`${lister}\` lists them.`,
    )
  throw new Fault(
    'bad-input',
    `"${shown(wanted)}" could mean ${found.length} of the ${many}: ${found
      .slice(0, 3)
      .map(({ id, name }) => `${id} ${shown(name)}`)
      .join(', ')}${found.length > 3 ? ', …' : ''}. Give its id.`,
  )
}

/** What a deletion asks for: the whole name or id, so that a beginning deletes nothing. */
export const whole = { isWhole: true }

export async function findStudy(lab: LabHost, wanted: string, options?: typeof whole): Promise<Study> {
  return pick(await lab.listStudies(), wanted, kinds.study, options)
}

/** The study of this name that a command puts its results in where none was said; made where it is missing. */
export async function studyCalled(lab: LabHost, name: string): Promise<Study> {
  const known = (await lab.listStudies()).find((study) => study.name === name && !study.isArchived)
  return known ?? lab.createStudy(name)
}

export async function findCorpus(lab: LabHost, wanted: string, options?: typeof whole): Promise<Corpus> {
  return pick(await lab.listCorpora(), wanted, kinds.corpus, options)
}

/** The corpus of exactly this name or id; null where there is none, and it may be a path. */
export async function corpusNamed(lab: LabHost, wanted: string): Promise<Corpus | null> {
  const corpora = await lab.listCorpora()
  const isThere = wanted.trim() === '' || corpora.some(({ id, name }) => id === wanted || name === wanted)
  return isThere ? pick(corpora, wanted, kinds.corpus, whole) : null
}

export async function findModel(lab: LabHost, wanted: string, options?: typeof whole): Promise<ImportedModel> {
  return pick(await lab.listModels(), wanted, kinds.model, options)
}

export async function findDeleted(lab: LabHost, wanted: string): Promise<DeletedItem> {
  return pick(await lab.listDeleted(), wanted, kinds.deleted, whole)
}

/** A run, or `last`: of those made last the largest. Its state is no reason to mean another one. */
export async function findRun(lab: LabHost, wanted: string): Promise<RunSummary> {
  const runs = await lab.listRuns(null)
  const newest = [...runs].sort((a, b) => b.createdMs - a.createdMs || b.parameters - a.parameters)[0]
  if (wanted === 'last' && newest) return newest
  const { id } = pick(
    runs.map(({ id, name }) => ({ id, name })),
    wanted,
    kinds.run,
  )
  return runs.find((run) => run.id === id)!
}

/** A run at `step`, or at its last; or an imported model, which has no steps. */
export async function findSubject(lab: LabHost, wanted: string, step?: number): Promise<KeptSubject> {
  const models = (await lab.listModels()).filter(({ state }) => state === 'finished')
  const runs = await lab.listRuns(null)
  if (wanted === 'last' && runs.length > 0)
    return { kind: 'run', runId: (await findRun(lab, wanted)).id, step: step ?? null }
  const { id, name } = pick(
    [...runs, ...models].map(({ id, name }) => ({ id, name })),
    wanted,
    runOrModel,
  )
  if (runs.some((run) => run.id === id)) return { kind: 'run', runId: id, step: step ?? null }
  if (step !== undefined) throw usageError(`${shown(name)} is an imported model and has no steps; leave out --step.`)
  return { kind: 'model', modelId: id }
}
