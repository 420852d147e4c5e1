// The parts of the lab, constructed in order and handed to each other; closed in the reverse order.
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { About } from '#shared/lab.ts'
import { planCheck } from '#shared/mup/plan.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { createAnnotations } from './annotations/annotations.ts'
import { createChecks } from '#main/lab/mup-checks/checks.ts'
import { createClusters } from '#main/lab/clusters/clusters.ts'
import { composeEvaluations } from '#main/lab/evaluations/compose.ts'
import { createSampler } from '#main/lab/corpora/sample-pieces.ts'
import { machineFacts } from '#main/lab/computer/facts.ts'
import { createComputer } from '#main/lab/computer/computer.ts'
import { createOpenness } from '#main/lab/openness/openness.ts'
import { createModelSessions } from '#main/lab/models/model-sessions.ts'
import { createModels } from '#main/lab/models/models.ts'
import { createSubjects } from '#main/lab/subjects/subjects.ts'
import { exportTarget } from './export-target.ts'
import { composeTexts } from './compose-texts.ts'
import { composeRuns } from './compose-runs.ts'
import { composePlaces } from './compose-places.ts'
import { createNews } from './news.ts'
import { createCheckpointUse } from '#main/lab/runs/checkpoints.ts'
import { awaitsModel } from './runs/continue-model.ts'
import { createSettings } from './settings.ts'
import { createRunStarts } from '#main/lab/runs/start-runs.ts'
import { textPath } from './typed-paths.ts'
import { forgetUploads, sweepUploads } from './uploads.ts'
import { openDatabase, openDatabaseToRead } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { sweepFolders } from '#main/platform/disk/staging.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { takeHome } from './home.ts'
import type { LabOptions } from './options.ts'
import { createStudyLocks } from '#main/lab/runs/study-locks.ts'
import { createStudies } from '#main/lab/studies/studies.ts'
import { createStudyStore } from '#main/lab/studies/study-store.ts'
import { composeTrash } from '#main/lab/trash/compose.ts'

export async function composeLab(options: LabOptions) {
  const { home: given, version, resources, door, fork, nowMs = Date.now, isReadOnly = false, mayAsk = false } = options
  const home = resolve(given)
  if (isReadOnly) return compose({ home, version, resources, door, fork, nowMs, isReadOnly, mayAsk }, () => undefined)
  const { release } = takeHome(home)
  try {
    return await compose({ home, version, resources, door, fork, nowMs, isReadOnly, mayAsk }, release)
  } catch (error) {
    release()
    throw error
  }
}

async function compose(options: Required<LabOptions>, release: () => void) {
  const { home, version, resources, door, fork, nowMs, isReadOnly } = options
  const db = (isReadOnly ? openDatabaseToRead : openDatabase)(join(home, 'isoflop.db'), labSchema)
  const news = createNews()
  const newId = () => randomBytes(8).toString('hex')
  const common = { db, news, fork, nowMs, newId }
  const closing = new AbortController()
  const corpusFolder = (id: string) => join(home, 'corpora', id)
  const tokensFolder = (key: string) => join(home, 'tokens', key)
  const runFolder = (id: string) => join(home, 'runs', id)

  const settings = createSettings(db, news)
  const isTraining = (): boolean => runs.isTraining()
  const computer = createComputer({ db, news, fork, nowMs, settings: settings.read, facts: machineFacts(), isTraining })
  news.listen('run', () => computer.trainingChanged())
  const studyStore = createStudyStore(db)
  const { corpora, tokenized } = composeTexts({
    ...common,
    home,
    studyStore,
    corpusFolder,
    tokensFolder,
    modelFolder: (id) => modelFolder(models.read(id).id),
  })
  const modelFolder = (id: string) => join(home, 'models', id)
  const models = createModels({
    ...common,
    folderOf: modelFolder,
    hubFolder: join(home, 'hub'),
    removeFiles: (id) => removeFolder(modelFolder(id)),
    forgetUploads: (paths) => forgetUploads(home, paths),
    awaitedBy: (id) =>
      runStore
        .list(null)
        .filter((run) => awaitsModel(run, id))
        .map(({ name }) => name),
  })
  const sampler = createSampler(corpora, tokenized, corpusFolder)
  const {
    store: runStore,
    runs,
    places,
  } = composeRuns({
    ...common,
    home,
    version,
    resources,
    runFolder,
    modelFolder: (id) =>
      models.list().some((model) => model.id === id && model.state === 'finished') ? modelFolder(id) : undefined,
    tokenized,
    studyName: (id) => studyStore.read(id).name,
    mayAsk: options.mayAsk,
  })
  const studies = createStudies({
    store: studyStore,
    news,
    nowMs,
    newId,
    corpora: corpora.list,
    machine: computer.known,
    underWay: runs.underWay,
    splits: (corpusId, tokenizer) => {
      const isHere = corpora.list().some((corpus) => corpus.id === corpusId)
      const found = isHere ? tokenized.find(corpusId, tokenizer) : null
      return found?.state === 'finished' ? found.tokens : null
    },
  })
  const locks = createStudyLocks({
    version,
    studies,
    store: runStore,
    runs,
    newId,
    corpora: corpora.list,
    tokenizerHash: tokenized.tokenizerHash,
    probes: () => computer.known().probes ?? [],
  })
  const checkpoints = createCheckpointUse({
    store: runStore,
    version,
    repeatingFile: locks.documentOf,
    folderOf: runFolder,
    tokensFolderOf: ({ plan }) => tokenized.folderOf(plan.corpusId, plan.tokenizer),
    corpusOf: ({ plan }) => corpora.list().find(({ id }) => id === plan.corpusId) ?? null,
  })

  const chooseEngine = async (flops: number) => {
    const { engine, threads } = settings.read()
    return { engine: engine === 'auto' ? await computer.engineFor(flops) : engine, threads }
  }
  const sessions = createModelSessions(fork)
  const subjects = createSubjects({
    models,
    sessions,
    checkpoints,
    news,
    fork,
    chooseEngine,
    folderAt: (path) => textPath(path),
    hubFolder: join(home, 'hub'),
    gatherFolder: join(home, 'hub', 'gathered'),
    closing: closing.signal,
  })
  const clusters = createClusters({ folder: join(home, 'machines'), news, fork, nowMs, newId })
  const openness = createOpenness(join(home, 'openness'))
  const annotations = createAnnotations({ db, news, read: (kind, id) => (kind === 'run' ? runs : studies).read(id) })
  const checks = createChecks({
    ...common,
    plan: async (studyId, kind, choices) => {
      const { recipe, tokenizer } = studies.read(studyId)
      const by = await chooseEngine(Infinity)
      return planCheck(kind, choices, { recipe, vocabulary: vocabularyOf(tokenizer), ...by })
    },
    prepare: async (studyId, tell, signal) => {
      const { corpusId, tokenizer } = studies.read(studyId)
      return tokenized.prepare(corpusId, tokenizer, tell, signal)
    },
  })
  const evaluation = composeEvaluations({
    ...common,
    version,
    home,
    closing: closing.signal,
    studies,
    corpora,
    corpusFolder,
    runs,
    runStore,
    checkpoints,
    models,
    chooseEngine,
    forgetUploads: (paths) => forgetUploads(home, paths),
  })

  const starts = createRunStarts({
    studies,
    corpora,
    tokenized,
    models,
    runs,
    machine: computer.known,
    newId,
    chooseEngine,
    cluster: places.clusters.read,
  })

  const trash = composeTrash(
    { home, nowMs, settings: settings.read },
    { studyStore, runStore, runs, corpora, tokenized, models, ...evaluation },
  )

  /** What cannot be forgotten now is at the next start. */
  const purge = async (): Promise<void> => {
    for (const one of [trash.sweep, annotations.purge, checks.purge, evaluation.purge])
      await Promise.resolve()
        .then(one)
        .catch(() => undefined)
  }

  let state: 'open' | 'closing' | 'closed' = 'open'
  let closed: Promise<void> | null = null
  const close = async (): Promise<void> => {
    state = 'closing'
    closing.abort()
    await Promise.allSettled([
      clusters.close(),
      places.checks.close(),
      models.close(),
      sessions.close(),
      evaluation.close(),
      runs.close(),
      checks.close(),
      computer.close(),
      tokenized.close(),
    ])
    await Promise.allSettled([corpora.close()])
    try {
      db.close()
    } finally {
      release()
      state = 'closed'
    }
  }

  const begin = async (): Promise<void> => {
    await purge()
    const imported = models.list().flatMap(({ origin }) => (origin.kind === 'files' ? origin.paths : []))
    await sweepFolders(home).catch(() => undefined)
    await sweepUploads(home, [...corpora.paths(), ...imported]).catch(() => undefined) // at the next start, then
    for (const part of [models, checks, runs, evaluation, corpora]) part.begin()
  }
  if (!isReadOnly) await begin()
  const about: About = { version, door, home, exportsFolder: join(home, 'exports'), platform: process.platform }
  return {
    exportPath: (path: string) => exportTarget(home, path),
    about,
    news,
    settings,
    studies,
    corpora,
    tokenized,
    sampler,
    computer,
    runs,
    places: composePlaces({
      ...places,
      starts,
      tokenized,
      runs,
      runStore,
      studies,
      runFolder,
      news,
      closing,
      newId,
      nowMs,
    }),
    annotations,
    checks,
    checkpoints,
    locks,
    starts,
    models,
    subjects,
    evaluation,
    trash,
    runStore,
    closing: closing.signal,
    clusters,
    openness,
    isOpen: () => state === 'open',
    close: () => (closed ??= close()),
  }
}
