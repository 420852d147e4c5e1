// One piece of work done by everyone who can, slice by slice in turn, and how the engines stand beside their peers.
import { flopsPerToken } from '#shared/family/flops.ts'
import { Fault, fromReply, type FaultData } from '#shared/fault.ts'
import type { Counterpart } from '#main/platform/processes/counterpart.ts'
import type { Comparison, Measured, Spread } from './report.ts'
import {
  engineOf,
  isPeer,
  precisionOf,
  productShare,
  type BenchSpec,
  type BenchTask,
  type Contestant,
  type Own,
  type Slice,
} from './task.ts'

/** A peer without instructions for a precision may be a thousand times slower in it: then its one slice is enough. */
const patienceSeconds = 15

export const stopped = () => new Fault('cancelled', 'The benchmark was stopped.')

/** An answer of the other process, or its fault. */
export async function ask<T>(counterpart: Counterpart, message: unknown): Promise<T> {
  const answer = (await counterpart.ask(message)) as T & { fault?: FaultData }
  return answer.fault ? fromReply<T>({ ok: false, ...answer.fault }) : answer
}

export interface ContestOptions {
  /** Slices of every contestant, one after the other in turn. */
  pairs: number
  sliceSeconds: number
  signal: AbortSignal
}

/** One who takes part, in a process of its own. */
export interface Participant {
  engine: Contestant
  counterpart: Counterpart
}

/**
 * Everyone who can gets ready and warms up, and then does one slice after the other in turn, so that a busy moment hits
 * all alike.
 */
export async function contest(
  name: string,
  task: BenchTask,
  party: Participant[],
  threads: number,
  { pairs, sliceSeconds, signal }: ContestOptions,
): Promise<Comparison> {
  const absent: Comparison['absent'] = []
  const present: (Participant & { device: string; rates: number[] })[] = []
  const seconds = task.kind === 'product' ? sliceSeconds * productShare : sliceSeconds
  for (const one of party) {
    try {
      const { device } = await ask<{ device: string }>(one.counterpart, {
        spec: { task, engine: one.engine, threads } satisfies BenchSpec,
      })
      present.push({ ...one, device, rates: [] })
    } catch (error) {
      if (signal.aborted) throw stopped()
      absent.push({ engine: one.engine, message: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const one of [...present]) {
    const warm = await ask<Slice>(one.counterpart, { run: { seconds: seconds / 2 } })
    if (!isPeer(one.engine) || warm.seconds < Math.max(patienceSeconds, 10 * seconds)) continue
    present.splice(present.indexOf(one), 1)
    const message = `The smallest piece of this work takes it ${warm.seconds.toFixed(0)} s, so it was left out.`
    absent.push({ engine: one.engine, message })
  }
  for (let pair = 0; pair < pairs && !signal.aborted; pair++) {
    for (const { counterpart, rates } of present) {
      const done = await ask<Slice>(counterpart, { run: { seconds } })
      rates.push(done.count / done.seconds)
    }
  }
  if (signal.aborted) throw stopped()
  const measured: Measured[] = []
  for (const { engine, device, counterpart, rates } of present) {
    const { peakRssBytes } = await ask<{ peakRssBytes: number }>(counterpart, {})
    const rate = spreadOf(rates)
    const flopsPerSecond = task.kind === 'train' ? rate.median * flopsPerToken(task.shape, 'palm') : null
    measured.push({ engine, device, rate, flopsPerSecond, peakRssBytes })
  }
  const rates = new Map(present.map((one) => [one.engine, one.rates]))
  return { name, unit: task.kind === 'product' ? 'FLOP/s' : 'tokens/s', measured, absent, ...against(measured, rates) }
}

/** The first engine against the fastest peers, slice by slice. */
function against(
  measured: Measured[],
  rates: Map<Contestant, number[]>,
): Pick<Comparison, 'against' | 'againstFastest'> {
  const fastest = (of: Measured[]) => of.reduce((a, b) => (b.rate.median > a.rate.median ? b : a), of[0])
  const peers = measured.filter(({ engine }) => isPeer(engine))
  const engines = measured.filter(({ engine }) => !isPeer(engine))
  const own = engines.filter(({ engine }) => engineOf(engine as Own).name === engineOf(engines[0].engine as Own).name)
  const beside = (one: Measured | undefined, peer: Measured | undefined) => {
    if (!one || !peer) return null
    const theirs = rates.get(peer.engine) ?? []
    const ratios = (rates.get(one.engine) ?? []).map((rate, i) => rate / theirs[i])
    return {
      engine: one.engine,
      peer: peer.engine,
      precision: precisionOf(peer.engine),
      ratio: spreadOf(ratios),
      memoryRatio: one.peakRssBytes / peer.peakRssBytes,
    }
  }
  return {
    against: beside(own[0], fastest(peers.filter(({ engine }) => precisionOf(engine) === 'fp32'))),
    againstFastest: beside(fastest(own), fastest(peers)),
  }
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, least: sorted[0], most: sorted[sorted.length - 1] }
}
