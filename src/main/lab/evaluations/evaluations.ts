// Evaluations of checkpoints: one at a time in a process of its own that lets training go first; what was scored is
// kept, so that each can go on.
import { createHash } from 'node:crypto'
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
import type { EngineName } from '#shared/engine.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import type { EvaluateJob, TaskChoice } from '#main/core/evaluation/evaluate-job.ts'
import type { News } from '#main/lab/news.ts'
import { removeFolder, writeFileAtomically } from '#main/platform/disk/files.ts'
import { work } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { EvaluationStore } from './evaluation-store.ts'
import { createSampleReader, openSampleLog } from './samples.ts'
import type { TaskShelf } from './task-shelf.ts'

/** A subject as it is now: which checkpoint it means, and what the window shows of it. */
export type ResolvedSubject = Pick<Evaluation, 'subject' | 'name' | 'memberId' | 'parameters' | 'flops'> & {
  source: CheckpointSource
}

export interface EvaluationsDeps {
  store: EvaluationStore
  shelf: Pick<TaskShelf, 'read' | 'fetch'>
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
  chooseEngine: () => Promise<{ engine: EngineName; threads: number }>
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
  purge(): Promise<void>
  close(): Promise<void>
}

interface Session {
  id: string
  threads: number
  stopping: AbortController
  /** What it becomes when it is stopped; null: it goes to the front of the line. */
  wish: 'cancelled' | 'interrupted' | null
  ended: Promise<void>
}

/** News and the store hear of progress this often. */
const tellEveryMs = 250

export function createEvaluations(deps: EvaluationsDeps): Evaluations {
  const { store, shelf, news, nowMs } = deps
  const samplesPath = (id: string) => join(deps.folderOf(id), 'samples.jsonl')
  const reader = createSampleReader(samplesPath)
  const queue: string[] = []
  let session: Session | null = null
  let isClosing = false

  const change = (id: string, changes: Partial<Evaluation>): Evaluation => {
    const next = { ...store.read(id), ...changes }
    store.write(next)
    news.tell('evaluation', next)
    return next
  }

  function advance(): void {
    if (session || isClosing) return
    const id = queue.shift()
    if (id === undefined) return
    const mine: Session = {
      id,
      threads: 1,
      stopping: new AbortController(),
      wish: 'cancelled',
      ended: Promise.resolve(),
    }
    session = mine
    mine.ended = run(mine).finally(() => {
      session = null
      advance()
    })
  }

  async function run(mine: Session): Promise<void> {
    const {
      id,
      stopping: { signal },
    } = mine
    const rest = { secondsLeft: null, message: null, code: null }
    try {
      const result = await score(mine)
      const end = {
        ...rest,
        state: 'finished' as const,
        result: result.tasks[0],
        device: result.device,
        finishedMs: nowMs(),
      }
      await writeFileAtomically(
        join(deps.folderOf(id), 'results.json'),
        `${JSON.stringify(harnessFile([{ ...store.read(id), ...end }], deps.version), null, 2)}\n`,
      )
      change(id, end)
    } catch (error) {
      if (signal.aborted && mine.wish === null) {
        queue.unshift(id)
        change(id, { ...rest, state: 'queued' })
      } else if (signal.aborted) {
        change(id, { ...rest, state: mine.wish!, finishedMs: nowMs() })
      } else {
        const { code, message } = toFaultData(error)
        change(id, { ...rest, state: 'failed', code, message, finishedMs: nowMs() })
      }
    }
  }

  async function score(mine: Session): Promise<EvaluationResult> {
    const {
      id,
      stopping: { signal },
    } = mine
    const evaluation = change(id, { state: 'running', message: null, code: null, finishedMs: null })
    const choice = await choiceOf(evaluation, (message) => void change(id, { message }), signal)
    const { source } = await deps.resolve(evaluation.subject)
    const { engine, threads } = await deps.chooseEngine()
    mine.threads = threads
    if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
    await keepWhatFits(id, choice, source)
    const log = await openSampleLog(samplesPath(id))
    const startedMs = nowMs()
    const earlier = evaluation.seconds
    let first = -1
    let progress: Partial<Evaluation> = { message: null }
    let waiting: NodeJS.Timeout | null = null
    const tell = () => {
      waiting = null
      change(id, progress)
    }
    try {
      const job: EvaluateJob = {
        kind: 'evaluate',
        checkpoint: source,
        tasks: [choice],
        engine,
        threads,
        done: log.done,
        isBackground: true,
      }
      const records = work<EvaluationRecord, EvaluationResult>(deps.fork, job, signal, { graceMs: 3000 })
      for (;;) {
        const next = await records.next()
        if (next.done) {
          await log.flush()
          return next.value
        }
        if (next.value.kind === 'item') {
          log.add(next.value)
          continue
        }
        await log.flush()
        const { done, of } = next.value
        if (first < 0) first = done
        const seconds = (nowMs() - startedMs) / 1000
        progress = {
          message: null,
          done,
          of,
          seconds: earlier + seconds,
          secondsLeft: done > first ? (seconds / (done - first)) * (of - done) : null,
        }
        waiting ??= setTimeout(tell, tellEveryMs)
      }
    } finally {
      if (waiting) clearTimeout(waiting)
      await log.close()
      change(id, { ...progress, seconds: earlier + (nowMs() - startedMs) / 1000 })
    }
  }

  /** Where the task's rows come from; fetches them from the hub where they are not here. */
  async function choiceOf(
    { subject, studyId, task, options }: Evaluation,
    tell: (message: string) => void,
    signal: AbortSignal,
  ): Promise<TaskChoice> {
    const { shots, sampler, limit, split } = options
    const choice: TaskChoice = { task, data: null, shots, shotsFrom: null, sampler, limit }
    let known = shelf.read(task)
    if (known.canReadSplit && split !== null)
      return { ...choice, documents: { corpusFolder: await deps.textFolder(subject, studyId, signal), split } }
    const filesOf = (role: 'items' | 'shots') => known.files.find((file) => file.role === role)?.paths ?? null
    if (filesOf('items') === null && !known.isMade) {
      if (!known.hub) throw new Fault('bad-input', `${known.title} has no file yet. Add one on this page.`)
      tell(`Fetching ${known.title} from the hub.`)
      known = await shelf.fetch(task, signal)
    }
    return { ...choice, data: filesOf('items'), shotsFrom: shots > 0 ? filesOf('shots') : null }
  }

  /** Items that were scored with other rows, examples or weights are worth nothing. */
  async function keepWhatFits(id: string, choice: TaskChoice, source: CheckpointSource): Promise<void> {
    const {
      task,
      options: { split },
    } = store.read(id)
    const rows =
      split !== null && choice.documents
        ? []
        : shelf.read(task).files.map(({ role, name, bytes, addedMs }) => [role, name, bytes, addedMs])
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([choice, rows, source]))
      .digest('hex')
      .slice(0, 16)
    if (store.fingerprint(id) === fingerprint) return
    await removeFolder(deps.folderOf(id))
    reader.forget()
    store.setFingerprint(id, fingerprint)
  }

  const enqueue = (id: string): void => {
    if (session?.id !== id && !queue.includes(id)) queue.push(id)
    setImmediate(advance) // after the answer: who asked should see it wait first
  }
  const leaveQueue = (id: string): void => {
    const at = queue.indexOf(id)
    if (at >= 0) queue.splice(at, 1)
  }
  const end = async (id: string, wish: 'cancelled' | 'interrupted'): Promise<void> => {
    leaveQueue(id)
    if (session?.id === id) {
      session.wish = wish
      session.stopping.abort()
      await session.ended
    } else if (isUnderWay(store.read(id)))
      change(id, { state: wish, secondsLeft: null, message: null, finishedMs: nowMs() })
  }
  const resume = (id: string): Evaluation => {
    const evaluation = store.read(id)
    if (isUnderWay(evaluation)) return evaluation
    if (evaluation.state === 'finished')
      throw new Fault('conflict', `${evaluation.name} has finished this task; there is nothing to resume.`)
    const queued = change(id, { state: 'queued', message: null, code: null, finishedMs: null })
    enqueue(id)
    return queued
  }
  const check = (tasks: string[], { shots, split }: EvaluationOptions): void => {
    for (const name of tasks) {
      const { title, kind, isMade, canReadSplit, hub, files } = shelf.read(name)
      if (kind === 'text' && shots > 0 && tasks.length === 1)
        throw new Fault('bad-input', `shots: ${title} has no examples; ${shots} are asked for.`)
      if (!isMade && !hub && (!canReadSplit || split === null) && files.length === 0)
        throw new Fault('bad-input', `tasks: ${title} has no file yet. Add one first.`)
    }
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
          const { kind, canReadSplit } = shelf.read(task)
          const own = {
            ...options,
            shots: kind === 'text' ? 0 : options.shots,
            split: canReadSplit ? options.split : null,
          }
          const same = known.find(
            (one) =>
              one.task === task &&
              isSame(one.subject, facts.subject) &&
              isSame(one.options, own) &&
              one.state !== 'finished',
          )
          if (same) return canResumeEvaluation(same) ? resume(same.id) : same
          const made: Evaluation = {
            ...facts,
            id: deps.newId(),
            studyId,
            task,
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
          store.write(made)
          news.tell('evaluation', made)
          enqueue(made.id)
          return made
        }),
      )
    },
    stop: async (id) => {
      await end(id, 'cancelled')
      return store.read(id)
    },
    resume,
    delete: async (id) => {
      await end(id, 'cancelled')
      store.setDeleted(id, true)
      news.tell('evaluationDeleted', { evaluationId: id })
    },
    restore: (id) => {
      store.setDeleted(id, false)
      const evaluation = store.read(id)
      news.tell('evaluation', evaluation)
      return evaluation
    },
    samples: async (id, query) => reader.read(store.read(id).id, query),
    begin: () => {
      for (const { id } of store.list(null).filter(isUnderWay))
        change(id, { state: 'interrupted', secondsLeft: null, message: null })
    },
    makeRoom: () => {
      if (!session || session.threads === 1 || session.stopping.signal.aborted) return
      session.wish = null
      session.stopping.abort()
    },
    stopWhere: async (isMeant) => {
      for (const { id } of store.list(null).filter((one) => isUnderWay(one) && isMeant(one))) await end(id, 'cancelled')
    },
    purge: async () => {
      const gone = new Set([
        ...store.listGone(),
        ...store
          .list(null)
          .filter(({ subject }) => !deps.isHere(subject))
          .map(({ id }) => id),
      ])
      for (const id of gone) {
        await removeFolder(deps.folderOf(id))
        store.forget(id)
      }
      store.purge()
    },
    close: async () => {
      isClosing = true
      for (const id of queue.splice(0)) change(id, { state: 'interrupted' })
      if (session) await end(session.id, 'interrupted')
    },
  }
}

const isSame = (a: object, b: object): boolean => {
  const sorted = (value: object) =>
    JSON.stringify(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
  return sorted(a) === sorted(b)
}
