// Slurm clusters as a place: runs that are started together become one job array; each is held, released and cancelled
// by itself, and goes on while the lab is closed.
import { join } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import { groupedBy } from '#shared/grouped.ts'
import { carried, type PlaceChoice } from '#shared/place.ts'
import { asSentence, lastLine } from '#shared/printable.ts'
import type { RunSummary } from '#shared/run.ts'
import { shellWord } from '#shared/shell.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { Place } from '#main/lab/runs/place.ts'
import type { OwnFiles } from '#main/platform/disk/own-files.ts'
import { createFollower, type FollowerDeps } from './follower.ts'
import type { Layout } from './layout.ts'
import { releaseScript, wishScript } from './orders.ts'
import { findArray, sendArray, sendFiles } from './send.ts'

/** *Resume all* asks for one run after the other. */
const gatherMs = 100

/** With what becomes of a submission whose answer did not come. */
function unheard(error: unknown): Fault {
  const { code, message } = toFaultData(error)
  const then = 'Resume it when that is over: what was sent all the same is found, and not sent twice.'
  return new Fault(code, code === 'unavailable' ? `${asSentence(message)} ${then}` : message, { cause: error })
}

export interface SlurmDeps extends Omit<FollowerDeps, 'closing'> {
  /** Makes the tokens of a run if they are not there; gives their folder and what they are called elsewhere. */
  prepare: (
    runId: string,
    tell: (message: string) => void,
    signal: AbortSignal,
  ) => Promise<{ tokensFolder: string; tokensKey: string; title: string }>
  own: () => OwnFiles
  /** What PyTorch runs. */
  ownTorch: () => OwnFiles
  /** Where files lie while they are sent. */
  stagingFolder: string
}

export function createSlurm(deps: SlurmDeps): Place {
  const { store, newId, reach } = deps
  const closing = new AbortController()
  const { signal } = closing
  const follower = createFollower({ ...deps, closing: signal })
  const { change, summary } = follower
  /** Runs that are being sent, or asked something. */
  const busy = new Map<string, Promise<void>>()

  const during = (ids: readonly string[], work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => fail(ids, error))
      .finally(() => ids.forEach((id) => busy.delete(id)))
    for (const id of ids) busy.set(id, done)
  }
  const fail = (ids: readonly string[], error: unknown): void => {
    const { code, message } = toFaultData(error)
    const end: Partial<RunSummary> = signal.aborted
      ? { state: 'interrupted', message: 'The lab was closed before it was sent.' }
      : { state: code === 'unavailable' ? 'interrupted' : 'failed', code, message }
    for (const id of ids) {
      follower.forget(id)
      try {
        const { array, job } = summary(id).place ?? {}
        if (signal.aborted && array && !job) continue // it may be there: asked for when the lab opens
        change(id, { ...end, secondsLeft: null })
      } catch {
        // it was deleted meanwhile
      }
    }
  }
  /** A script in the cluster's folder; throws what it says where it ends with anything but 0. */
  const tell = async (name: string, script: string, what: string): Promise<string> => {
    const { cluster, node } = await reach(name)
    const { status, output, errors } = await node.run(`cd -- ${shellWord(cluster.folder)} || exit 1\n${script}`, {
      signal,
    })
    if (status !== 0) throw new Fault('failed', `${name} ${what}: ${lastLine(errors) || `it ended with ${status}`}`)
    return output.toString().trim()
  }

  async function submit(ids: readonly string[], { on, atOnce }: PlaceChoice): Promise<void> {
    const say = (message: string): void => ids.forEach((id) => change(id, { message }))
    const arrayId = newId()
    for (const id of ids) change(id, { message: 'Preparing.' }, { array: arrayId, job: null, wish: null, atOnce })
    const { cluster, node } = await reach(on)
    const tokens = await deps.prepare(ids[0], say, signal)
    const plans = ids.map((id) => store.read(id).plan)
    const choice = plans[0].torch // the same for all that are started together
    const layout: Layout = {
      ...{ cluster, arrayId, plans, atOnce, ...tokens },
      own: cluster.command === null && !choice ? deps.own() : null,
      ...(choice ? { torch: { choice, own: deps.ownTorch() } } : {}),
    }
    say(`Sending its files to ${on}.`)
    await sendFiles(node, layout, join(deps.stagingFolder, arrayId), signal)
    await sendArray(node, cluster, arrayId, ids, signal).then(
      (number) => ids.forEach((id, i) => change(id, {}, { job: `${number}_${i}` })),
      async (error: unknown) => {
        await findSent(on, ids).catch(() => undefined)
        if (!summary(ids[0]).place!.job) throw unheard(error)
      },
    )
    for (const id of ids) {
      change(id, { message: 'Waiting in the queue.' }, { heardMs: deps.nowMs() })
      follower.follow(id)
    }
  }

  /** Whether it was to be sent and no number came back: Slurm may have it all the same. */
  function isUnheard(id: string): boolean {
    const { job, array } = summary(id).place!
    return !job && Boolean(array)
  }

  /** Before a run is given up: whether Slurm has it although its number was never heard. */
  async function isFoundAfterAll(id: string): Promise<boolean> {
    const { state, place } = summary(id)
    if (!isUnheard(id) || state === 'cancelled' || state === 'finished') return false
    await findSent(place!.name, [id]).catch((error: unknown) => {
      if (state !== 'failed') throw error // what was refused is most likely not there
    })
    return Boolean(summary(id).place!.job)
  }

  /** Asks for the jobs of runs whose submission was never answered, once for each array. */
  async function findSent(name: string, ids: readonly string[]): Promise<void> {
    const { cluster, node } = await reach(name)
    for (const [array, mine] of groupedBy(ids.filter(isUnheard), (id) => summary(id).place!.array!)) {
      const jobs = await findArray(node, cluster, array, signal)
      for (const id of mine) change(id, {}, { job: jobs.get(id) ?? null })
    }
  }

  /** Those that are resumed in one breath, by cluster, each with whether it is changed. */
  const gathering = new Map<string, { asked: Map<string, boolean>; done: Promise<void> }>()

  function gather(name: string) {
    const asked = new Map<string, boolean>()
    const done = new Promise((resolve) => setTimeout(resolve, gatherMs)).then(async () => {
      gathering.delete(name)
      await goOn(name, asked)
    })
    const one = { asked, done }
    gathering.set(name, one)
    return one
  }

  /** What Slurm still has goes on there; the rest is submitted anew as one array, from its last checkpoints on. */
  async function goOn(name: string, asked: ReadonlyMap<string, boolean>): Promise<void> {
    const anew: string[] = []
    const unheard = new Set([...asked.keys()].filter(isUnheard))
    await findSent(name, [...unheard])
    for (const [id, isChanged] of asked)
      await isThere(id, isChanged).then(
        (isStill) => {
          if (isStill) return
          // What was sent unheard and has left the queue comes home.
          if (!isChanged && unheard.has(id) && summary(id).place!.job) follower.follow(id)
          else anew.push(id)
        },
        (error: unknown) => fail([id], error),
      )
    const alike = groupedBy(anew, (id) => {
      const { corpusId, tokenizer, torch } = store.read(id).plan
      return JSON.stringify([corpusId, tokenizer, torch, summary(id).place!.atOnce])
    })
    for (const ids of alike.values())
      await submit(ids, { on: name, atOnce: summary(ids[0]).place!.atOnce }).catch((error: unknown) => fail(ids, error))
  }

  /** Whether Slurm still has it as it should be, and lets it go on. */
  async function isThere(id: string, isChanged: boolean): Promise<boolean> {
    const { place } = summary(id)
    const { name, job } = place!
    if (job && !isChanged) {
      const found = await tell(name, releaseScript(id, job), 'did not release it')
      if (found.endsWith('there')) {
        change(id, { message: 'Waiting in the queue.' }, { wish: null })
        follower.follow(id)
        return true
      }
    } else if (job) await tell(name, `scancel ${job} 2>/dev/null; true`, 'did not cancel it')
    return false
  }

  /** What it answers. */
  const wished = (id: string, wish: 'pause' | 'stop'): Promise<string> => {
    const { name, job } = summary(id).place!
    return tell(name, wishScript(id, wish, job!), wish === 'stop' ? 'did not cancel it' : 'did not pause it')
  }

  /** Runs that were being sent when the last session ended. */
  async function lookFor(name: string, ids: readonly string[]): Promise<void> {
    await findSent(name, ids).catch((error: unknown) => {
      throw unheard(error)
    })
    for (const id of ids) {
      if (summary(id).place!.job) follower.follow(id)
      else change(id, { state: 'interrupted', message: 'The lab ended before it was sent. Resume it.' })
    }
  }

  return {
    start: (runs, choice) => {
      if (!choice) throw new Error('runs that go elsewhere say where')
      const ids = runs.map(({ id }) => id)
      for (const run of runs) deps.news.tell('run', run)
      if (choice.on !== carried) during(ids, () => submit(ids, choice))
    },
    resume: (id, changes) => {
      if (summary(id).place!.name === carried)
        throw new Fault(
          'conflict',
          `Its files are carried by hand: submit their array again there, then take the folder.`,
        )
      const run = change(id, { ...changes, state: 'queued', message: null, code: null }, { wish: null })
      const { name } = run.place!
      const { asked, done } = gathering.get(name) ?? gather(name)
      asked.set(id, changes !== undefined)
      during([id], () => done)
      return run
    },
    end: async (id, state) => {
      await busy.get(id)
      const isFound = await isFoundAfterAll(id)
      const { place, state: before } = summary(id)
      if (!place!.job || (!isFound && !isUnderWay(summary(id)) && place!.wish !== 'pause'))
        return change(id, { state, message: null })
      const wish = state === 'paused' ? 'pause' : 'stop'
      const answer = await wished(id, wish)
      const isOver = /held|gone/.test(answer) || before === 'paused'
      change(id, { message: isOver ? null : 'Saving.' }, { wish })
      if (isOver) await follower.settle(id, { state, message: null })
      return summary(id)
    },
    leave: async (id) => {
      await busy.get(id)
      const isFound = await isFoundAfterAll(id)
      const { place } = summary(id)
      if (place!.job && (isFound || isUnderWay(summary(id)) || place!.wish === 'pause')) {
        await wished(id, 'stop')
        change(id, { state: 'cancelled', message: null }, { wish: 'stop' })
      }
      follower.forget(id)
    },
    flush: () => undefined, // what was heard is written at once
    begin: (runs) => {
      const open = runs.filter((run) => isUnderWay(run) && run.place!.name !== carried)
      const unsent = groupedBy(
        open.filter(({ place }) => !place!.job),
        ({ place }) => place!.name,
      )
      for (const { id } of open.filter(({ place }) => place!.job)) follower.follow(id)
      for (const [name, some] of unsent) {
        const ids = some.map(({ id }) => id)
        during(ids, () => lookFor(name, ids))
      }
    },
    close: async () => {
      closing.abort()
      await Promise.allSettled([follower.idle(), ...busy.values()])
    },
  }
}
