// The parts of evaluation put together with the rest of the lab: whose weights, whose text, which engine, and who is
// told what.
import { basename, join } from 'node:path'
import type { AutomaticEvaluation, Evaluation, EvaluationSubject, TaskFileRole } from '#shared/evaluation/evaluation.ts'
import type { EngineName } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { fetchFromHub } from '#main/platform/hub/fetch.ts'
import type { Corpora } from '#main/lab/corpora/corpora.ts'
import type { Models } from '#main/lab/models/models.ts'
import type { News } from '#main/lab/news.ts'
import type { CheckpointUse } from '#main/lab/runs/checkpoints.ts'
import type { Runs } from '#main/lab/runs/runs.ts'
import type { RunStore } from '#main/lab/runs/run-store.ts'
import type { Database } from '#main/platform/disk/database.ts'
import type { Studies } from '#main/lab/studies/studies.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { createAutomatic } from './automatic.ts'
import { createEvaluationStore } from './evaluation-store.ts'
import { createEvaluations, type ResolvedSubject } from './evaluations.ts'
import { createTaskFiles } from './task-files.ts'

export interface ComposeEvaluationsDeps {
  db: Database
  news: News
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  version: string
  home: string
  closing: AbortSignal
  studies: Pick<Studies, 'read'>
  corpora: Pick<Corpora, 'read' | 'whenReady'>
  corpusFolder: (id: string) => string
  runs: Pick<Runs, 'isTraining'>
  runStore: Pick<RunStore, 'read' | 'stepAt'>
  checkpoints: Pick<CheckpointUse, 'source'>
  models: Pick<Models, 'list' | 'ready' | 'folderOf'>
  chooseEngine: (flops: number) => Promise<{ engine: EngineName; threads: number }>
  /** Lets go of a file that was sent, once it is copied. */
  forgetUploads: (paths: readonly string[]) => Promise<void>
}

export function composeEvaluations(deps: ComposeEvaluationsDeps) {
  const { news, fork, nowMs, studies, corpora, runs, runStore, checkpoints, models } = deps
  const store = createEvaluationStore(deps.db)
  const folder = join(deps.home, 'evaluations')
  const folderOf = (id: string) => join(folder, id)
  const taskFiles = createTaskFiles({
    store,
    news,
    fork,
    nowMs,
    folder: join(deps.home, 'tasks'),
    fetchFromHub,
    closing: deps.closing,
  })

  const resolve = async (subject: EvaluationSubject): Promise<ResolvedSubject> => {
    if (subject.kind === 'folder') {
      const source = { kind: 'huggingface', folder: subject.path } as const
      return { subject, name: basename(subject.path), memberId: null, parameters: 0, flops: null, source }
    }
    if (subject.kind === 'model') {
      const { id, name, parameters } = models.ready(subject.modelId)
      return {
        subject,
        name,
        memberId: null,
        parameters: parameters ?? 0,
        flops: null,
        source: { kind: 'huggingface', folder: models.folderOf(id) },
      }
    }
    const { runId } = subject
    const { plan, summary } = runStore.read(runId)
    const { source } = checkpoints.source(runId, subject.step)
    const step = subject.step ?? summary.checkpoints[summary.checkpoints.length - 1]
    const tokens = runStore.stepAt(runId, step)?.tokens ?? summary.tokens
    return {
      subject: { kind: 'run', runId, step },
      name: summary.name,
      memberId: summary.memberId,
      parameters: summary.parameters,
      flops: plan.origin ? null : tokens * summary.flopsPerToken,
      source, // what went into the model it began from is not known
    }
  }
  const isHere = (subject: EvaluationSubject): boolean => {
    if (subject.kind === 'folder') return true // its numbers stay, whatever becomes of it
    if (subject.kind === 'model') return models.list().some(({ id }) => id === subject.modelId)
    try {
      runStore.read(subject.runId)
      return true
    } catch {
      return false
    }
  }
  const evaluations = createEvaluations({
    store,
    taskFiles,
    news,
    fork,
    nowMs,
    newId: deps.newId,
    version: deps.version,
    folderOf,
    resolve,
    isHere,
    textFolder: async (subject, studyId, signal) => {
      const corpusId =
        subject.kind === 'run' ? runStore.read(subject.runId).plan.corpusId : studies.read(studyId).corpusId
      await corpora.whenReady(corpusId, signal)
      return deps.corpusFolder(corpusId)
    },
    chooseEngine: async (options) => {
      const { engine, threads } =
        options.engine === undefined ? await deps.chooseEngine(0) : { threads: 0, ...options, engine: options.engine }
      return { engine, threads: runs.isTraining() ? 1 : (options.threads ?? threads) }
    },
  })

  const automatic = createAutomatic({ store, start: evaluations.start, readRun: (id) => runStore.read(id).summary })
  const stopListening = [
    news.listen('run', (run) => {
      if (run.state === 'running' && run.device === null) evaluations.makeRoom()
      automatic.take(run)
    }),
    news.listen('runDeleted', ({ runId }) =>
      stopOf(({ subject }) => subject.kind === 'run' && subject.runId === runId),
    ),
    news.listen('modelDeleted', ({ modelId }) =>
      stopOf(({ subject }) => subject.kind === 'model' && subject.modelId === modelId),
    ),
  ]
  const stopOf = (isMeant: (evaluation: Evaluation) => boolean): void =>
    void evaluations.stopWhere(isMeant).catch(() => undefined) // the lab is closing, which stops it too

  return {
    evaluations,
    taskFiles: {
      ...taskFiles,
      add: async (task: string, role: TaskFileRole, path: string) => {
        const added = await taskFiles.add(task, role, path)
        await deps.forgetUploads([path]).catch(() => undefined)
        return added
      },
      addOwn: async (path: string) => {
        const added = await taskFiles.addOwn(path)
        await deps.forgetUploads([path]).catch(() => undefined)
        return added
      },
    },
    automatic: (studyId: string): AutomaticEvaluation => store.automatic(studies.read(studyId).id),
    setAutomatic: (studyId: string, chosen: AutomaticEvaluation): AutomaticEvaluation => {
      const known = new Set(taskFiles.list().map(({ name }) => name))
      const unknown = chosen.tasks.find((task) => !known.has(task))
      if (unknown !== undefined) throw new Fault('not-found', `tasks: there is no task called "${unknown}".`)
      store.setAutomatic(studies.read(studyId).id, chosen)
      news.tell('automaticEvaluation', { studyId, automatic: chosen })
      return chosen
    },
    begin: () => {
      evaluations.begin()
      automatic.begin()
    },
    purge: evaluations.purge,
    close: async () => {
      for (const stop of stopListening) stop()
      await evaluations.close()
    },
  }
}
