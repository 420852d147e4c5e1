// Evaluations of checkpoints: one at a time in a process of its own that lets training go first; what was scored is
// kept, so that each can go on.
import { join } from 'node:path'
import {
  type Evaluation,
  type EvaluationOptions,
  type EvaluationSubject,
  canResumeEvaluation,
  type SamplesPage,
  type SamplesQuery,
} from '#shared/evaluation/evaluation.ts'
import { harnessFile } from '#shared/evaluation/harness-file.ts'
import type { EvaluationRecord, EvaluationResult } from '#shared/evaluation/result.ts'
import { Fault } from '#shared/fault.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import type { EvaluateJob } from '#main/core/evaluation/evaluate-job.ts'
import type { TaskChoice } from '#main/core/evaluation/task-choice.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue, type Task } from '#main/lab/task-queue.ts'
import { writeFileAtomically } from '#main/platform/disk/files.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { drain, work } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { EvaluationStore } from './evaluation-store.ts'
import { createSampleReader, openSampleLog } from './samples.ts'
import type { TaskFiles } from './task-files.ts'

/** A subject as it is now: which checkpoint it means, and what the window shows of it. */
export type ResolvedSubject = Pick<Evaluation, 'subject' | 'name' | 'memberId' | 'parameters' | 'flops'> & {
  source: CheckpointSource
}

export interface EvaluationsDeps {
  store: EvaluationStore
  taskFiles: Pick<TaskFiles, 'read' | 'fetch' | 'own'>
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  version: string
  folderOf: (evaluationId: string) => string
  /** Throws a Fault where there is no such checkpoint. */
  resolve: (subject: EvaluationSubject) => Promise<ResolvedSubject>
  /** Whether it is still here: what was deleted takes its evaluations along. */
  isHere: (subject: EvaluationSubject) => boolean
  /** The folder of the text that the subject has learned from, or of its study; waits until it is ready. */
  textFolder: (subject: EvaluationSubject, studyId: string, signal: AbortSignal) => Promise<string>
  chooseEngine: (options: EvaluationOptions) => Promise<Required<Pick<EvaluationOptions, 'engine' | 'threads'>>>
}

export interface Evaluations {
  list(studyId: string): Evaluation[]
  /** One for each subject and task; those that are under way already are given as they are, and broken ones go on. */
  start(
    studyId: string,
    subjects: EvaluationSubject[],
    tasks: string[],
    options: EvaluationOptions,
    isAutomatic?: boolean,
  ): Promise<Evaluation[]>
  stop(id: string): Promise<Evaluation>
  resume(id: string): Evaluation
  delete(id: string): Promise<void>
  restore(id: string): Evaluation
  samples(id: string, query: SamplesQuery): Promise<SamplesPage>
  /** What the last session left in the middle is offered for resuming. */
  begin(): void
  /** A training begins: an evaluation with more than one thread goes on with one. */
  makeRoom(): void
  stopWhere(isMeant: (evaluation: Evaluation) => boolean): Promise<void>
  deleted(): { record: Evaluation; deletedMs: number }[]
  /** For good, with its samples. */
  forget(id: string): Promise<void>
  /** Forgets those of what is gone for good. */
  purge(): Promise<void>
  close(): Promise<void>
}

export function createEvaluations(deps: EvaluationsDeps): Evaluations {
  const { store, taskFiles, news, nowMs } = deps
  const samplesPath = (id: string) => join(deps.folderOf(id), 'samples.jsonl')
  const reader = createSampleReader(samplesPath)
  /** Threads of the one that has its turn. */
  let threads = 1
  const tell = (evaluation: Evaluation): void => news.tell('evaluation', evaluation)
  const queue = createTaskQueue<Evaluation>({
    idOf: ({ id }) => id,
    store,
    tell,
    isProgressKept: true,
    atStart: { finishedMs: null },
    atEnd: () => ({ secondsLeft: null, finishedMs: nowMs() }),
    work: async (task) => {
      const { tasks, device, scored, seconds, parameters = 0 } = await score(task)
      const end = {
        result: tasks[0],
        device,
        scoring: { items: scored, seconds },
        parameters: task.record.parameters || parameters, // a folder's are known when it has been read
      }
      const finished: Evaluation = { ...task.record, ...end, state: 'finished', secondsLeft: null, finishedMs: nowMs() }
      const results = `${JSON.stringify(harnessFile([finished], deps.version), null, 2)}\n`
      await writeFileAtomically(join(deps.folderOf(finished.id), 'results.json'), results)
      return end
    },
  })

  async function score(task: Task<Evaluation>): Promise<EvaluationResult> {
    const { signal } = task
    const { id, subject, seconds: earlier } = task.record
    threads = 1
    const choice = await choiceOf(task.record, (message) => void task.change({ message }), signal)
    const { source } = await deps.resolve(subject)
    const chosen = await deps.chooseEngine(task.record.options)
    threads = chosen.threads
    if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
    let log = await openSampleLog(samplesPath(id))
    const isNew = log.done.length === 0
    /** What was scored of other contents is worth nothing. */
    const takeIdentity = async (identity: string): Promise<void> => {
      if (!isNew && identity !== task.record.identity) {
        await log.close()
        await removeFolder(deps.folderOf(id))
        reader.forget()
        log = await openSampleLog(samplesPath(id))
      }
      task.change({ identity })
    }
    const startedMs = nowMs()
    let first = -1
    const take = async (record: EvaluationRecord): Promise<void> => {
      if (record.kind === 'item') return log.add(record)
      if (record.kind === 'identity') return takeIdentity(record.identity)
      await log.flush()
      const { done, of } = record
      if (first < 0) first = done
      const seconds = (nowMs() - startedMs) / 1000
      const secondsLeft = done > first ? (seconds / (done - first)) * (of - done) : null
      task.progress({ message: null, done, of, seconds: earlier + seconds, secondsLeft })
    }
    try {
      const job: EvaluateJob = {
        kind: 'evaluate',
        checkpoint: source,
        tasks: [choice],
        ...chosen,
        precision: task.record.options.precision,
        done: log.done,
        doneIdentity: task.record.identity ?? null,
        isBackground: true,
      }
      const records = work<EvaluationRecord, EvaluationResult>(deps.fork, job, signal, { graceMs: 3000 })
      const result = await drain(records, take)
      await log.flush()
      return result
    } finally {
      await log.close()
      task.set({ seconds: earlier + (nowMs() - startedMs) / 1000 })
    }
  }

  /** Where the task's rows come from; fetches them from the hub where they are not here. */
  async function choiceOf(
    { subject, studyId, task, options }: Evaluation,
    tell: (message: string) => void,
    signal: AbortSignal,
  ): Promise<TaskChoice> {
    const { shots, sampler, limit, split, files, seed } = options
    const own = taskFiles.own(task)?.record
    const choice: TaskChoice = { task, own, data: null, shots, shotsFrom: null, sampler, limit, seed }
    let known = taskFiles.read(task)
    if (known.canReadSplit && split !== null)
      return { ...choice, documents: { corpusFolder: await deps.textFolder(subject, studyId, signal), split } }
    const shotsFrom = shots > 0 ? (files?.shots ?? null) : null
    if (files && files.items !== null) return { ...choice, data: files.items, shotsFrom }
    const filesOf = (role: 'items' | 'shots') => known.files.find((file) => file.role === role)?.paths ?? null
    if (filesOf('items') === null && !known.isMade) {
      if (!known.hub) throw new Fault('bad-input', `${known.title} has no file yet. Add one on this page.`)
      tell(`Fetching ${known.title} from the hub.`)
      known = await taskFiles.fetch(task, signal)
    }
    return { ...choice, data: filesOf('items'), shotsFrom: shotsFrom ?? (shots > 0 ? filesOf('shots') : null) }
  }

  const resume = (id: string): Evaluation => {
    const evaluation = store.read(id)
    if (isUnderWay(evaluation)) return evaluation
    if (evaluation.state === 'finished')
      throw new Fault('conflict', `${evaluation.name} has finished this task; there is nothing to resume.`)
    return queue.resume(id, { finishedMs: null })
  }
  const check = (tasks: string[], { shots, split, files: own }: EvaluationOptions): void => {
    for (const name of tasks) {
      const { title, kind, isMade, canReadSplit, hub, files } = taskFiles.read(name)
      if (kind === 'text' && shots > 0 && tasks.length === 1)
        throw new Fault('bad-input', `shots: ${title} has no examples; ${shots} are asked for.`)
      if (!own?.items && !isMade && !hub && (!canReadSplit || split === null) && files.length === 0)
        throw new Fault('bad-input', `tasks: ${title} has no file yet. Add one first.`)
    }
  }

  const forget = async (id: string): Promise<void> => {
    await removeFolder(deps.folderOf(id))
    store.forget(id)
  }

  return {
    list: (studyId) => store.list(studyId).filter(({ subject }) => deps.isHere(subject)),
    start: async (studyId, subjects, tasks, options, isAutomatic = false) => {
      if (!isAutomatic) check(tasks, options) // nobody is there to mend it: each tells for itself what it lacks
      const resolved = await Promise.all(subjects.map(deps.resolve))
      const known = store.list(studyId)
      return resolved.flatMap(({ source: _, ...facts }) =>
        tasks.map((task) => {
          // A text has no examples: in company of tasks that have, it goes without.
          const { name, kind, canReadSplit } = taskFiles.read(task)
          const own = {
            ...options,
            shots: kind === 'text' ? 0 : options.shots || (taskFiles.own(task)?.shots ?? 0),
            split: canReadSplit ? options.split : null,
          }
          const same = known.find(
            (one) =>
              one.task === name &&
              isSame(one.subject, facts.subject) &&
              isSame(one.options, own) &&
              one.state !== 'finished',
          )
          if (same) return canResumeEvaluation(same) ? resume(same.id) : same
          const made: Evaluation = {
            ...facts,
            id: deps.newId(),
            studyId,
            task: name,
            options: own,
            isAutomatic,
            state: 'queued',
            done: 0,
            of: 0,
            secondsLeft: null,
            message: null,
            code: null,
            result: null,
            device: null,
            seconds: 0,
            createdMs: nowMs(),
            finishedMs: null,
          }
          return queue.add(made)
        }),
      )
    },
    stop: async (id) => {
      const evaluation = store.read(id)
      return isUnderWay(evaluation) || evaluation.state === 'paused' ? queue.end(id, 'cancelled') : evaluation
    },
    resume,
    delete: async (id) => {
      await queue.leave(id)
      store.setDeleted(id, nowMs())
      news.tell('evaluationDeleted', { evaluationId: id })
    },
    restore: (id) => {
      store.setDeleted(id, null)
      const evaluation = store.read(id)
      news.tell('evaluation', evaluation)
      return evaluation
    },
    samples: async (id, query) => reader.read(store.read(id).id, query),
    begin: () => {
      queue.interrupt(store.list(null))
    },
    makeRoom: () => {
      if (threads !== 1) queue.restart()
    },
    stopWhere: async (isMeant) => {
      for (const { id } of store.list(null).filter((one) => isUnderWay(one) && isMeant(one)))
        await queue.end(id, 'cancelled')
    },
    deleted: () => store.listDeleted().filter(({ record }) => deps.isHere(record.subject)),
    forget,
    purge: async () => {
      for (const id of store.listGone()) await forget(id)
      store.purge()
    },
    close: async () => {
      await queue.close()
      store.close()
    },
  }
}

const isSame = (a: object, b: object): boolean => {
  const sorted = (value: object) =>
    JSON.stringify(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
  return sorted(a) === sorted(b)
}
