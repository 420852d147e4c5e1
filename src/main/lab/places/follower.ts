// What the clusters say of the runs that are there: asked now and then, all runs of a cluster at once, and written down
// as if they trained here. While no cluster answers, the last that was heard stays.
import { join } from 'node:path'
import type { SlurmCluster } from '#shared/place.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import { shortened } from '#shared/bounds.ts'
import type { RunPlace } from '#shared/place.ts'
import type { RunSummary } from '#shared/run.ts'
import { shellWord } from '#shared/shell.ts'
import { asSentence } from '#shared/printable.ts'
import { listCheckpoints } from '#main/core/model-formats/checkpoint.ts'
import type { News } from '#main/lab/news.ts'
import type { Recorder } from '#main/lab/runs/recorder.ts'
import type { RunStore, StoredRun } from '#main/lab/runs/run-store.ts'
import type { LoginNode } from '#main/platform/processes/login-node.ts'
import { logName } from './layout.ts'
import { howItEnded } from './ended.ts'
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
  folderOf: (runId: string) => string
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

const longestWaitMs = 60_000
/** What a person is told of a log. */
const logCharacters = 400

export function createFollower(deps: FollowerDeps): Follower {
  const { store, news, nowMs, closing, pollMs = 15_000 } = deps
  const followed = new Map<string, Followed>()
  const timers = new Map<string, { timer: ReturnType<typeof setTimeout>; waitMs: number }>()
  const asking = new Map<string, Promise<void>>()

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

  const schedule = (name: string, afterMs: number): void => {
    const known = timers.get(name)
    if (known) clearTimeout(known.timer)
    const timer = setTimeout(() => ask(name), afterMs)
    timers.set(name, { timer, waitMs: known?.waitMs ?? pollMs })
  }
  const of = (name: string): Followed[] =>
    [...followed.values()].filter(({ recorder }) => recorder.summary.place?.name === name)

  function ask(name: string): void {
    if (closing.aborted || asking.has(name)) return
    const known = timers.get(name)
    const work = poll(name)
      .then(
        () => pollMs,
        (error: unknown) => {
          if (!closing.aborted) say(name, toFaultData(error).message)
          return Math.min(longestWaitMs, 2 * (known?.waitMs ?? pollMs))
        },
      )
      .then((waitMs) => {
        asking.delete(name)
        timers.delete(name)
        if (closing.aborted || of(name).length === 0) return
        schedule(name, waitMs)
        timers.get(name)!.waitMs = waitMs
      })
    asking.set(name, work)
  }
  /** Of all its runs: the state stays, and its age can be seen. */
  const say = (name: string, trouble: string): void => {
    for (const { recorder } of of(name))
      change(recorder.summary.id, {
        message: `${asSentence(trouble)} Shown is what was last heard; nothing there is lost.`,
      })
  }

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
        `${name} did not answer as it should: ${errors.trim().split('\n').at(-1) || 'the answer was cut off.'}`,
      )
    for (const one of of(name)) {
      if (closing.aborted) return
      try {
        await hear(one, answer)
      } catch (error) {
        change(one.recorder.summary.id, { message: toFaultData(error).message })
      }
    }
  }

  async function hear(one: Followed, answer: Answer): Promise<void> {
    const { recorder } = one
    const { id } = recorder.summary
    const part = answer.runs.get(id)
    if (!part) return // it was not asked for yet
    if (part.isShorter) change(id, {}, { readBytes: 0 }) // written anew; a session that begins goes back by itself
    const taken = takeRecords(recorder, part.records)
    if (part.records.length > 0) one.end = taken.end
    if (!answer.rows) throw new Fault('unavailable', `Slurm does not answer: ${answer.trouble}`)
    const { place, step } = recorder.summary
    const row = answer.rows.get(place!.job!) ?? null
    const heard = { heardMs: nowMs(), reason: row?.reason || null, startsMs: row?.startsMs ?? null }
    const stopped = stateWished(place!)

    if (one.end && 'isFinished' in one.end && one.end.isFinished) return settle(id, { state: 'finished' })
    if (row && isWaiting(row.state)) {
      one.isGone = false
      if (stopped === 'paused') return settle(id, { state: 'paused' }) // held there, with its place in the queue
      change(id, { state: 'queued', device: null, tokensPerSecond: null, message: waits(row, step) }, heard)
    } else if (row && isOnNodes(row.state)) {
      one.isGone = false
      const isTraining = recorder.summary.device !== null
      const message = stopped ? 'Saving.' : isTraining ? null : `Starting on ${row.nodes}.`
      change(id, { state: 'running', message }, { ...heard, startsMs: null })
    } else if (one.end && 'fault' in one.end) {
      const { code, message } = one.end.fault
      return settle(id, { state: 'failed', code, message })
    } else if (!one.isGone) {
      one.isGone = true
      change(id, {}, heard)
    } else {
      const log = shortened(part.log.split('\n').slice(-3).join(' · '), logCharacters)
      const message = `${howItEnded(row?.state ?? null, part.log)}${log ? ` Its log ends: ${log}` : ''}`
      return settle(id, stopped ? { state: stopped, message: null } : { state: 'interrupted', message })
    }
  }

  async function settle(id: string, end: Partial<RunSummary>): Promise<void> {
    const { steps, place } = summary(id)
    const checkpoints = await fetchCheckpoints(id)
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

  async function fetchCheckpoints(id: string): Promise<number[]> {
    const here = join(deps.folderOf(id), 'checkpoints')
    const { cluster, node } = await deps.reach(summary(id).place!.name)
    const there = `${cluster.folder}/runs/${id}/checkpoints`
    const { output } = await node.run(`ls -- ${shellWord(there)} 2>/dev/null | grep '^step-'`, { signal: closing })
    if (output.length > 0) {
      if (followed.has(id)) change(id, { message: 'Fetching its checkpoints.' })
      await node.get(there, here, { signal: closing })
    }
    return (await listCheckpoints(here)).map(({ step }) => step)
  }

  return {
    follow: (id) => {
      const run = store.read(id)
      followed.set(id, { recorder: deps.recorder(run), end: null, isGone: false })
      const { name } = run.summary.place!
      if (!timers.has(name) && !asking.has(name)) schedule(name, 0)
    },
    forget: (id) => void followed.delete(id),
    summary,
    change,
    settle,
    idle: async () => {
      for (const { timer } of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.allSettled(asking.values())
    },
  }
}

const stateWished = ({ wish }: RunPlace): 'paused' | 'cancelled' | null =>
  wish === 'pause' ? 'paused' : wish === 'stop' ? 'cancelled' : null

const waits = ({ reason }: QueueRow, step: number): string => {
  const why = whyWaiting(reason)
  return `${step > 0 ? `Waiting to go on from step ${step}` : 'Waiting in the queue'}${why ? `: ${why}` : ''}.`
}
