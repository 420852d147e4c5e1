// What the clusters say of the runs that are there: asked now and then, all runs of a cluster at once, and written down
// as if they trained here. While no cluster answers, the last that was heard stays.
import { join } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import { shortened } from '#shared/bounds.ts'
import type { RunPlace, SlurmCluster } from '#shared/place.ts'
import type { RunSummary } from '#shared/run.ts'
import { shellWord } from '#shared/shell.ts'
import { asSentence, lastLine } from '#shared/printable.ts'
import { listCheckpoints } from '#main/core/model-formats/checkpoint.ts'
import type { News } from '#main/lab/news.ts'
import type { Recorder } from '#main/lab/runs/recorder.ts'
import type { RunStore, StoredRun } from '#main/lab/runs/run-store.ts'
import type { LoginNode } from '#main/platform/processes/login-node.ts'
import { logName } from './layout.ts'
import { howItEnded } from './ended.ts'
import { createPace } from './pace.ts'
import { isOnNodes, isWaiting, type QueueRow } from './queue.ts'
import { question, readAnswer, type Answer } from './questions.ts'
import { takeRecords, type Taken } from './take-records.ts'
import { whyWaiting } from './waiting.ts'

export interface FollowerDeps {
  store: Pick<RunStore, 'read' | 'keep'>
  news: Pick<News, 'tell'>
  nowMs: () => number
  newId: () => string
  recorder: (run: StoredRun) => Recorder
  /** Each run's folder is below it, by its id. */
  runsFolder: string
  reach: (name: string) => Promise<{ cluster: SlurmCluster; node: LoginNode }>
  /** Aborts when the lab closes. */
  closing: AbortSignal
  /** How often a cluster is asked; after a failure it is left alone longer. */
  pollMs?: number
}

export interface Follower {
  /** Follows a run that was submitted, and asks its cluster soon. */
  follow(id: string): void
  forget(id: string): void
  /** As it is known now. */
  summary(id: string): RunSummary
  /** Changes a summary, and writes and tells it. */
  change(id: string, changes: Partial<RunSummary>, place?: Partial<RunPlace>): RunSummary
  /** It will change no more: fetches what it saved, and writes how it ended. */
  settle(id: string, end: Partial<RunSummary>): Promise<void>
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>
}

interface Followed {
  recorder: Recorder
  end: Taken['end']
  /** It left the queue: its last lines may be a moment behind. */
  isGone: boolean
}

/** What a person is told of a log. */
const logCharacters = 400

export function createFollower(deps: FollowerDeps): Follower {
  const { store, news, nowMs, closing, pollMs = 15_000 } = deps
  const followed = new Map<string, Followed>()

  const summary = (id: string): RunSummary => followed.get(id)?.recorder.summary ?? store.read(id).summary
  const change: Follower['change'] = (id, changes, place) => {
    const before = summary(id)
    const next = { ...changes, ...(place && before.place ? { place: { ...before.place, ...place } } : {}) }
    const after = { ...before, ...next }
    followed.get(id)?.recorder.set(next)
    store.keep(after)
    news.tell('run', after)
    return after
  }

  /** From what the store has of it on. */
  const begin = (id: string, isGone = false): void =>
    void followed.set(id, { recorder: deps.recorder(store.read(id)), end: null, isGone })
  const of = (name: string): Followed[] =>
    [...followed.values()].filter(({ recorder }) => recorder.summary.place?.name === name)

  /** Of all its runs: the state stays, and its age can be seen. */
  const say = (name: string, trouble: string): void => {
    for (const { recorder } of of(name))
      change(recorder.summary.id, {
        message: `${asSentence(trouble)} Shown is what was last heard; nothing there is lost.`,
      })
  }

  const pace = createPace({
    ...{ pollMs, closing, ask: poll, isOpen: (name) => of(name).length > 0 },
    failed: (name, error) => say(name, toFaultData(error).message),
  })

  async function poll(name: string): Promise<void> {
    const { cluster, node } = await deps.reach(name)
    const nonce = deps.newId()
    const asked = of(name).map(({ recorder, isGone }) => {
      const { id, place } = recorder.summary
      const { job, array, readBytes } = place!
      return { id, job: job!, readBytes, log: isGone && array ? logName(array, job!.split('_')[1] ?? '0') : null }
    })
    const { output, errors } = await node.run(question(cluster.folder, asked, nonce), {
      signal: closing,
      timeoutMs: 120_000,
    })
    const answer = readAnswer(output, nonce)
    if (!answer)
      throw new Fault(
        'unavailable',
        `${name} did not answer as it should: ${lastLine(errors) || 'the answer was cut off.'}`,
      )
    const heard = of(name).filter(({ recorder }) => answer.runs.has(recorder.summary.id)) // others were not asked for
    // Curves first: fetching what has ended takes longer. How a run stands is heard once its records are written down.
    const taken: Followed[] = []
    for (const one of heard) {
      await each(one, () => {
        try {
          take(one, answer)
        } catch (error) {
          begin(one.recorder.summary.id, one.isGone) // what the store did not take is asked for again
          throw error
        }
        taken.push(one)
      })
      const { records } = answer.runs.get(one.recorder.summary.id)!
      if (records.length > 0) await new Promise((resolve) => setImmediate(resolve)) // whoever else asks the lab
    }
    if (!answer.rows) throw new Fault('unavailable', `Slurm does not answer: ${answer.trouble}`)
    const ends = new Map<Followed, Partial<RunSummary>>()
    for (const one of taken)
      await each(one, () => {
        const end = hear(one, answer, answer.rows!)
        if (end) ends.set(one, end)
      })
    const saved = [...ends.keys()].filter(({ recorder }) => answer.runs.get(recorder.summary.id)!.hasSaved)
    const isFetched = await fetchCheckpoints(
      name,
      saved.map(({ recorder }) => recorder.summary.id),
    ).then(
      () => true,
      () => false, // one of them may be to blame
    )
    for (const [one, end] of ends) await each(one, () => settle(one.recorder.summary.id, end, isFetched))
  }

  /** What goes wrong with one run is its own. */
  async function each(one: Followed, work: () => void | Promise<void>): Promise<void> {
    const { id } = one.recorder.summary
    if (closing.aborted || followed.get(id) !== one) return
    try {
      await work()
    } catch (error) {
      change(id, { message: toFaultData(error).message })
    }
  }

  function take(one: Followed, answer: Answer): void {
    const { recorder } = one
    const { id } = recorder.summary
    const { isShorter, records } = answer.runs.get(id)!
    if (isShorter) change(id, {}, { readBytes: 0 }) // written anew; a session that begins goes back by itself
    const taken = takeRecords(recorder, records)
    if (records.length > 0) one.end = taken.end
  }

  /** How it ended, where it did. */
  function hear(one: Followed, answer: Answer, rows: NonNullable<Answer['rows']>): Partial<RunSummary> | undefined {
    const { recorder } = one
    const { id, place, step } = recorder.summary
    const row = rows.get(place!.job!) ?? null
    const heard = { heardMs: nowMs(), reason: row?.reason || null, startsMs: row?.startsMs ?? null }
    const stopped = stateWished(place!)

    if (one.end && 'isFinished' in one.end && one.end.isFinished) return { state: 'finished' }
    if (row && isWaiting(row.state)) {
      one.isGone = false
      if (stopped === 'paused') return { state: 'paused' } // held there, with its place in the queue
      change(id, { state: 'queued', device: null, tokensPerSecond: null, message: waits(row, step) }, heard)
    } else if (row && isOnNodes(row.state)) {
      one.isGone = false
      const isTraining = recorder.summary.device !== null
      const message = stopped ? 'Saving.' : isTraining ? null : `Starting on ${row.nodes}.`
      change(id, { state: 'running', message }, { ...heard, startsMs: null })
    } else if (one.end && 'fault' in one.end) {
      const { code, message } = one.end.fault
      return { state: 'failed', code, message }
    } else if (!one.isGone) {
      one.isGone = true
      change(id, {}, heard)
    } else {
      const { log } = answer.runs.get(id)!
      const last = shortened(log.split('\n').slice(-3).join(' · '), logCharacters)
      const message = `${howItEnded(row?.state ?? null, log)}${last ? ` Its log ends: ${last}` : ''}`
      return stopped ? { state: stopped, message: null } : { state: 'interrupted', message }
    }
  }

  async function settle(id: string, end: Partial<RunSummary>, isFetched = false): Promise<void> {
    const { steps, place } = summary(id)
    if (!isFetched && (await hasCheckpoints(id))) await fetchCheckpoints(place!.name, [id])
    const here = join(deps.runsFolder, id, 'checkpoints')
    const checkpoints = (await listCheckpoints(here)).map(({ step }) => step)
    const isFinished = end.state === 'finished' || checkpoints.includes(steps)
    if (isFinished && !checkpoints.includes(steps))
      throw new Fault('damaged', `It finished, but its last checkpoint is not in ${place!.name}'s folder.`)
    const how = isFinished
      ? { state: 'finished' as const, message: null, code: null, finishedMs: nowMs() }
      : { message: null, ...end }
    const startsMs = null
    change(
      id,
      { ...how, checkpoints, secondsLeft: isFinished ? 0 : null },
      { heardMs: nowMs(), startsMs, reason: null },
    )
    followed.delete(id)
  }

  async function hasCheckpoints(id: string): Promise<boolean> {
    const { cluster, node } = await deps.reach(summary(id).place!.name)
    const there = shellWord(`${cluster.folder}/runs/${id}/checkpoints`)
    const { output } = await node.run(`ls -- ${there} 2>/dev/null | grep '^step-'`, { signal: closing })
    return output.length > 0
  }

  /** Of all at once: to begin to speak with a login node takes longer than small files do. */
  async function fetchCheckpoints(name: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const { cluster, node } = await deps.reach(name)
    for (const id of ids) if (followed.has(id)) change(id, { message: 'Fetching its checkpoints.' })
    const folders = ids.map((id) => `${id}/checkpoints`)
    await node.get(`${cluster.folder}/runs`, deps.runsFolder, folders, { signal: closing })
  }

  return {
    follow: (id) => {
      begin(id)
      pace.soon(summary(id).place!.name)
    },
    forget: (id) => void followed.delete(id),
    summary,
    change,
    settle,
    idle: pace.idle,
  }
}

const stateWished = ({ wish }: RunPlace): 'paused' | 'cancelled' | null =>
  wish === 'pause' ? 'paused' : wish === 'stop' ? 'cancelled' : null

const waits = ({ reason }: QueueRow, step: number): string => {
  const why = whyWaiting(reason)
  return `${step > 0 ? `Waiting to go on from step ${step}` : 'Waiting in the queue'}${why ? `: ${why}` : ''}.`
}
