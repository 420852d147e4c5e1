// The measured process: it is told what to do in one JSON line, and then does slices of it for as many seconds as each
// next line says.
import { createEngine, createKernels } from '#main/core/engine/create.ts'
import { nativeLibrary } from '#main/core/engine/native/library.ts'
import type { NativeTensor } from '#main/core/engine/native/memory.ts'
import { createNativeKernels, type NativeOptions } from '#main/core/engine/native/native.ts'
import type { Batch, Engine } from '#main/core/engine/engine.ts'
import { createRandom } from '#shared/random.ts'
import { toFaultData } from '#shared/fault.ts'
import { peakResidentBytes } from '#main/platform/disk/system-files.ts'
import { createProfiled, peakFlops } from './profile.ts'
import {
  benchModel,
  engineOf,
  promptTokens,
  type BenchShape,
  type BenchSpec,
  type Own,
  type ProductShape,
  type Slice,
} from './task.ts'

interface Work {
  device: string
  /** Does the smallest piece of work and says how much that was. */
  once(): Promise<number>
  /** What else to tell at the end. */
  details?(): unknown
  /** Gives back what it holds. */
  end(): void
}

const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }

/** Reads lines from standard input and answers each on standard output, until the input ends. */
export async function runBenchChild(): Promise<void> {
  const answer = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`)
  let work: Work | null = null
  let rest = ''
  for await (const text of process.stdin.setEncoding('utf8')) {
    const lines = (rest + String(text)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      try {
        const message = JSON.parse(line) as { spec?: BenchSpec; run?: { seconds: number } }
        if (message.spec) {
          work?.end()
          work = await start(message.spec)
          answer({ device: work.device })
        } else if (message.run && work) {
          answer(await slice(work, message.run.seconds))
        } else answer({ peakRssBytes: peakResidentBytes(), details: work?.details?.() ?? null })
      } catch (error) {
        answer({ fault: toFaultData(error) })
      }
    }
  }
}

/** Whole pieces of work until the time is up. */
async function slice(work: Work, seconds: number): Promise<Slice> {
  const started = performance.now()
  let count = 0
  let elapsed = 0
  do {
    count += await work.once()
    elapsed = (performance.now() - started) / 1000
  } while (elapsed < seconds)
  return { count, seconds: elapsed }
}

async function start({ task, engine: own, threads }: BenchSpec): Promise<Work> {
  const { name, precision } = engineOf(own as Own)
  const options = { threads, precision }
  switch (task.kind) {
    case 'train':
      return training(await createEngine(name, benchModel(task), options), task)
    case 'generate':
      return generating(await createEngine(name, benchModel(task), options), task)
    case 'product':
      return multiplying(task, options)
    case 'profile': {
      const profiled = createProfiled(await createKernels(name, options), name, benchModel(task))
      const peakFlopsPerSecond = name === 'native' ? peakFlops(threads) : null
      const work = training(profiled.engine, task)
      for (let step = 0; step < 3; step++) await work.once()
      profiled.forget()
      return { ...work, details: () => ({ kernels: profiled.times(), peakFlopsPerSecond }) }
    }
  }
}

/** Whole updates on random tokens. */
function training(engine: Engine, { shape, rows }: BenchShape): Work {
  const batches = Array.from({ length: 4 }, (_, i) => randomBatch(shape.vocabulary, rows, shape.context, i))
  let step = 0
  return {
    device: engine.device,
    async once() {
      const batch = batches[step++ % batches.length]
      await engine.accumulate(batch, 1)
      await engine.update(3e-4, adam)
      return rows * shape.context
    },
    end: () => engine.dispose(),
  }
}

export function randomBatch(vocabulary: number, rows: number, columns: number, seed: number): Batch {
  const random = createRandom(seed)
  const draw = () => Int32Array.from({ length: rows * columns }, () => random.integer(vocabulary))
  return { inputs: draw(), targets: draw(), rows, columns }
}

/** One text after another, greedily, up to the context. */
function generating(engine: Engine, { shape }: BenchShape): Work {
  const prompt = randomBatch(shape.vocabulary, 1, promptTokens, 7).inputs
  return {
    device: engine.device,
    async once() {
      const continuation = engine.continuation()
      let logits = await continuation.feed(prompt)
      let made = 1
      while (continuation.length < shape.context) {
        logits = await continuation.feed(Int32Array.of(largestIndex(logits)))
        made++
      }
      continuation.dispose()
      return made
    },
    end: () => engine.dispose(),
  }
}

function largestIndex(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

/** The native library's bare product. */
function multiplying({ m, n, k, aTransposed, bTransposed }: ProductShape, options: NativeOptions): Work {
  const kernels = createNativeKernels(options)
  const random = createRandom(3)
  const made = (length: number) =>
    kernels.tensor(
      [length],
      Float32Array.from({ length }, () => random.next() - 0.5),
    ) as NativeTensor
  const [left, b, c] = [made(m * k), made(k * n), made(m * n)]
  const library = nativeLibrary()
  const isHalf = options.precision === 'bf16'
  const a = isHalf ? made(Math.ceil((m * k) / 2)) : left
  if (isHalf) library.isf_narrow(a.context.handle, left.address, a.address, m * k)
  const multiply = isHalf ? library.isf_half_product : library.isf_product
  const sizes = [m, n, k, Number(aTransposed), Number(bTransposed)]
  return {
    device: kernels.device,
    async once() {
      multiply(a.context.handle, a.address, b.address, c.address, ...sizes)
      return 2 * m * n * k
    },
    end: () => kernels.dispose(),
  }
}
