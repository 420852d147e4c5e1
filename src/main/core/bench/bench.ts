// `isoflop bench`: the same work by every engine and, where it is installed, by PyTorch; in turn, each in a process of
// its own.
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { usableCores } from '#main/platform/disk/computer.ts'
import { packageFolder } from '#main/platform/disk/system-files.ts'
import { startCounterpart, type Command } from '#main/platform/processes/counterpart.ts'
import { ask, contest, stopped, type ContestOptions, type Participant } from './contest.ts'
import type { BenchReport, Comparison, Profile } from './report.ts'
import {
  benchShapes,
  isPeer,
  inEveryPrecision,
  largeProduct,
  layerProducts,
  type BenchKind,
  type BenchShape,
  type BenchSpec,
  type BenchTask,
  type Contestant,
  type Own,
  type Peer,
  type Slice,
} from './task.ts'

export interface BenchOptions extends ContestOptions {
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
  /** Python with PyTorch; ISOFLOP_PYTHON or python3 when null. */
  python: string | null
  /** How to start a process that calls runBenchChild(). */
  child: Command
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

const assemble = (contestants: Contestant[], options: BenchOptions): Participant[] =>
  contestants.map((engine) => ({ engine, counterpart: startCounterpart(commandFor(engine, options)) }))

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
