// `isoflop bench`: the same work by every engine and, where it is installed, by PyTorch; in turn, each in a process of
// its own.
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { flopsPerToken } from '#shared/family/flops.ts'
import { Fault, fromReply, type FaultData } from '#shared/fault.ts'
import { usableCores } from '#main/platform/disk/computer.ts'
import { packageFolder } from '#main/platform/disk/system-files.ts'
import { startCounterpart, type Command, type Counterpart } from '#main/platform/processes/counterpart.ts'
import type { BenchReport, Comparison, Measured, Profile, Spread } from './report.ts'
import {
  benchShapes,
  isPeer,
  engineOf,
  inEveryPrecision,
  precisionOf,
  largeProduct,
  layerProducts,
  productShare,
  type BenchKind,
  type BenchShape,
  type BenchSpec,
  type BenchTask,
  type Contestant,
  type Own,
  type Peer,
  type Slice,
} from './task.ts'

export interface BenchOptions {
  /** One engine; all that are here when null. */
  engine: EngineName | null
  against: 'pytorch' | null
  /** Whether torch.compile takes part too: on a card it takes a minute for every shape and precision. */
  compiled: boolean
  profile: boolean
  /** 0 for the physical cores. */
  threads: number
  /** Shapes to train; all when empty. */
  shapes: BenchShape[]
  /** What to measure; all when empty. */
  only: BenchKind[]
  /** Slices of every contestant, one after the other in turn. */
  pairs: number
  sliceSeconds: number
  /** Python with PyTorch; ISOFLOP_PYTHON or python3 when null. */
  python: string | null
  /** How to start a process that calls runBenchChild(). */
  child: Command
  signal: AbortSignal
}

/** Slow everywhere: measured on the smallest shape only, unless it is asked for by name. */
const slowEngines: readonly Contestant[] = ['reference', 'wasm']

/**
 * Measures. `progress` is told what is going on, a sentence at a time. Throws Fault 'unavailable' where the one engine
 * asked for is not here.
 */
export async function runBench(options: BenchOptions, progress: (sentence: string) => void): Promise<BenchReport> {
  const { against: peer, signal } = options
  const threads = options.threads || usableCores()
  const shapes = options.shapes.length === 0 ? benchShapes : options.shapes
  const engines: EngineName[] = options.engine ? [options.engine] : [...engineNames]
  const isWanted = (kind: BenchKind) => options.only.length === 0 || options.only.includes(kind)
  const comparisons: Comparison[] = []
  const profiles: Profile[] = []
  const notes: string[] = []
  const peers = peer === 'pytorch' && (await hasPyTorch(options, notes)) ? peersOf(engines[0], options) : []
  /** Tasks for the same contestants, one after the other in the same processes. */
  const compare = async (contestants: Contestant[], tasks: { name: string; task: BenchTask }[]) => {
    const party = assemble(contestants, options)
    const stop = () => party.forEach(({ counterpart }) => counterpart.kill())
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (const { name, task } of tasks) {
        if (signal.aborted) throw stopped()
        progress(`Measuring ${name}.`)
        comparisons.push(await contest(name, task, party, threads, options))
      }
    } catch (error) {
      throw signal.aborted ? stopped() : error // whoever is killed in the middle of a slice ends without an answer
    } finally {
      signal.removeEventListener('abort', stop)
      for (const { counterpart } of party) await counterpart.end()
    }
  }

  for (const shape of isWanted('train') ? shapes : []) {
    const able = engines.filter(
      (engine) => options.engine === engine || shape.name === 'C' || !slowEngines.includes(engine),
    )
    await compare(
      [...able.flatMap(inEveryPrecision), ...peers],
      [{ name: `train ${shape.name}`, task: { kind: 'train', ...shape } }],
    )
  }
  if (engines.includes('native')) {
    // one product, or one token, leaves torch.compile nothing to fuse
    const eager = peers.filter((one) => !one.includes('compile') && !one.endsWith('-cuda'))
    const generated = isWanted('generate') ? shapes.filter(({ name }) => name === 'A') : []
    for (const shape of generated)
      await compare(
        ['native', ...eager.slice(0, 1)],
        [{ name: `generate ${shape.name}`, task: { kind: 'generate', ...shape } }],
      )
    const products = [...shapes.flatMap(layerProducts), largeProduct]
    if (eager.length > 0 && isWanted('product'))
      await compare(
        [...inEveryPrecision('native'), ...eager],
        products.map((product) => ({ name: `product ${product.name}`, task: { kind: 'product', ...product } })),
      )
  }
  if (options.profile) {
    for (const shape of shapes) {
      for (const engine of inEveryPrecision(engines[0])) {
        progress(`Timing the kernels of ${shape.name} by ${engine}.`)
        profiles.push(await profileOf(shape, engine, threads, options))
      }
    }
  }
  if (comparisons.length === 0 && profiles.length === 0)
    throw new Fault(
      'bad-input',
      'There is nothing to measure in these choices: generating is measured at shape A by the native engine, products by it beside --against pytorch.',
    )
  const devices = comparisons.flatMap(({ measured }) => measured)
  if (options.engine && devices.length === 0) {
    throw new Fault('unavailable', comparisons[0]?.absent[0]?.message ?? `The engine ${options.engine} is not here.`)
  }
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    logicalCores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${process.arch}`,
    threads,
    device: devices[0]?.device ?? '',
    comparisons,
    profiles,
    notes,
  }
}

/** PyTorch as a person would run it beside an engine: as it is and compiled, in every precision. */
function peersOf(engine: EngineName, { compiled }: BenchOptions): Peer[] {
  const ways = compiled ? (['eager', 'compile'] as const) : (['eager'] as const)
  if (engine !== 'gpu' && engine !== 'cuda')
    return (['', '-bf16'] as const).flatMap((precision) => ways.map((way): Peer => `pytorch-${way}${precision}`))
  return (['', '-tf32', '-bf16'] as const).flatMap((precision) =>
    ways.map((way): Peer => `pytorch-${way}${precision}-cuda`),
  )
}

function commandFor(engine: Contestant, { child, python }: BenchOptions): Command {
  if (!isPeer(engine)) return child
  const script = join(packageFolder('isoflop') ?? '.', 'test/bench/pytorch_step.py')
  return { program: python ?? process.env.ISOFLOP_PYTHON ?? 'python3', args: [script] }
}

/** An answer of the other process, or its fault. */
async function ask<T>(counterpart: Counterpart, message: unknown): Promise<T> {
  const answer = (await counterpart.ask(message)) as T & { fault?: FaultData }
  return answer.fault ? fromReply<T>({ ok: false, ...answer.fault }) : answer
}

async function hasPyTorch(options: BenchOptions, notes: string[]): Promise<boolean> {
  const peer = startCounterpart(commandFor('pytorch-eager', options))
  try {
    const task: BenchTask = { kind: 'product', name: 'hello', m: 4, n: 4, k: 4, aTransposed: false, bTransposed: false }
    await ask(peer, { spec: { task, engine: 'pytorch-eager', threads: 1 } satisfies BenchSpec })
    return true
  } catch {
    notes.push(
      'PyTorch was left out, because it is not installed here: pip install torch==2.13.0, and --python or ISOFLOP_PYTHON to say where.',
    )
    return false
  } finally {
    await peer.end()
  }
}

/** One who takes part, in a process of its own. */
interface Participant {
  engine: Contestant
  counterpart: Counterpart
}

const assemble = (contestants: Contestant[], options: BenchOptions): Participant[] =>
  contestants.map((engine) => ({ engine, counterpart: startCounterpart(commandFor(engine, options)) }))

/**
 * Everyone who can gets ready and warms up, and then does one slice after the other in turn, so that a busy moment hits
 * all alike.
 */
async function contest(
  name: string,
  task: BenchTask,
  party: Participant[],
  threads: number,
  { pairs, sliceSeconds, signal }: BenchOptions,
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
  for (const { counterpart } of present) await ask<Slice>(counterpart, { run: { seconds: seconds / 2 } })
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

const stopped = () => new Fault('cancelled', 'The benchmark was stopped.')

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

async function profileOf(shape: BenchShape, engine: Own, threads: number, options: BenchOptions): Promise<Profile> {
  const counterpart = startCounterpart(options.child)
  options.signal.addEventListener('abort', counterpart.kill, { once: true })
  try {
    await ask(counterpart, { spec: { task: { kind: 'profile', ...shape }, engine, threads } satisfies BenchSpec })
    await ask<Slice>(counterpart, { run: { seconds: options.sliceSeconds } })
    const { details } = await ask<{ details: Omit<Profile, 'name'> }>(counterpart, {})
    return { name: `train ${shape.name}, ${engine}`, ...details }
  } finally {
    await counterpart.end()
  }
}
