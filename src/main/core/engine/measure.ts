// How fast an engine trains on this machine: one probe to choose between engines, and one calibration for the time
// estimates. Both run in the calling process; the host runs them in a worker, because a device that is broken may take
// its process along.
import { halfEngines, type EngineName, type EngineProbe, type MeasuredRate } from '#shared/engine.ts'
import { flopsPerToken } from '#shared/family/flops.ts'
import type { AdamSettings } from '#shared/family/model.ts'
import type { GptShape } from '#shared/family/shape.ts'
import { toFaultData } from '#shared/fault.ts'
import { createRandom } from '#shared/random.ts'
import { createEngine, type EngineOptions } from './create.ts'
import type { Batch, Engine } from './engine.ts'
import { gpt2Plan } from './init.ts'

const adam: AdamSettings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }

/** A member from the middle of the starter ladder: 0.88 M parameters. */
const probeShape: GptShape = { layers: 4, width: 128, heads: 4, context: 128, vocabulary: 512 }
/** From where models hardly fill the processor to where matrix products are nearly all of the work. */
const calibrationShapes: GptShape[] = [
  { layers: 2, width: 32, heads: 2, context: 128, vocabulary: 1024 },
  { layers: 2, width: 64, heads: 2, context: 128, vocabulary: 1024 },
  { layers: 2, width: 192, heads: 3, context: 128, vocabulary: 1024 },
  { layers: 1, width: 512, heads: 8, context: 128, vocabulary: 1024 },
]
/** Sequences at once: the first tells slow engines, the last is what a fast one deserves. */
const rowsTried = [1, 4, 16]
const fullRows = 16
/** An engine whose step takes longer is not asked for a larger one. */
const patienceSeconds = 0.3
const measureSeconds = 0.45

const now = () => performance.now() / 1000

/** Trains a small model for about a second. An engine that cannot run is an answer, not a failure. */
export async function probeEngine(name: EngineName, options: EngineOptions): Promise<EngineProbe> {
  try {
    if (name === 'gpu') {
      const { isSoftware, name: card } = (await import('./gpu/device.ts')).readCard()
      // one made of software computes right, and never as fast as the processor that it runs on
      if (isSoftware)
        return {
          name,
          isAvailable: true,
          description: `${card} (software)`,
          tokensPerSecond: null,
          flopsPerSecond: null,
        }
    }
    const { device, cardMemoryBytes, tokensPerSecond } = await measureShape(name, probeShape, options)
    const flopsPerSecond = tokensPerSecond * flopsPerToken(probeShape, 'palm')
    return { name, isAvailable: true, description: device, tokensPerSecond, flopsPerSecond, cardMemoryBytes }
  } catch (error) {
    return {
      name,
      isAvailable: false,
      description: toFaultData(error).message,
      tokensPerSecond: null,
      flopsPerSecond: null,
    }
  }
}

/** Whether it can be made at all here: a fraction of a second, and no word of how fast it is. */
export async function loadEngine(name: EngineName, options: EngineOptions): Promise<boolean> {
  try {
    ;(
      await createEngine(name, gpt2Plan({ layers: 1, width: 8, heads: 1, context: 8, vocabulary: 16 }), options)
    ).dispose()
    return true
  } catch {
    return false
  }
}

/**
 * Training FLOP/s by width, counted as PaLM counts (6 N + 12 L d S a token), in fp32 and, by an engine that can, in
 * bf16; about two seconds each, wider ones left out where they take longer.
 */
export async function measureFlops(name: EngineName, options: EngineOptions): Promise<MeasuredRate[]> {
  const rates = await ratesOf(name, options)
  if (!halfEngines.includes(name)) return rates
  // a card that is too old for bf16 says so, and has its rates in fp32
  const inHalf = await ratesOf(name, { ...options, precision: 'bf16' }).catch(() => [])
  return [...rates, ...inHalf.map((rate) => ({ ...rate, precision: 'bf16' as const }))]
}

async function ratesOf(name: EngineName, options: EngineOptions): Promise<MeasuredRate[]> {
  const measured: MeasuredRate[] = []
  for (const shape of calibrationShapes) {
    const flops = flopsPerToken(shape, 'palm')
    const last = measured.at(-1)
    if (last && (2 * flops * shape.context) / last.flopsPerSecond > 2 * patienceSeconds) break
    const { tokensPerSecond } = await measureShape(name, shape, options)
    measured.push({ width: shape.width, flopsPerSecond: tokensPerSecond * flops })
  }
  return measured
}

async function measureShape(
  name: EngineName,
  shape: GptShape,
  options: EngineOptions,
): Promise<{ device: string; cardMemoryBytes: number | null; tokensPerSecond: number }> {
  const engine = await createEngine(name, gpt2Plan(shape), options)
  try {
    await secondsOf(engine, randomBatch(shape, 1)) // the first step compiles, allocates and warms up
    let tokensPerSecond = 0
    for (const rows of rowsTried) {
      const batch = randomBatch(shape, rows)
      if (rows > 1) await secondsOf(engine, batch)
      const startedAt = now()
      let steps = 0
      while (steps === 0 || (rows === fullRows && now() - startedAt < measureSeconds)) {
        await secondsOf(engine, batch)
        steps++
      }
      const seconds = (now() - startedAt) / steps
      tokensPerSecond = Math.max(tokensPerSecond, (rows * shape.context) / seconds)
      if (seconds > patienceSeconds) break
    }
    return { device: engine.device, cardMemoryBytes: engine.deviceMemoryBytes ?? null, tokensPerSecond }
  } finally {
    engine.dispose()
  }
}

/** One whole training step: forward, backward, clipping, AdamW. */
async function secondsOf(engine: Engine, batch: Batch): Promise<number> {
  const startedAt = now()
  await engine.accumulate(batch, 1)
  await engine.update(1e-3, adam)
  return now() - startedAt
}

function randomBatch({ context, vocabulary }: GptShape, rows: number): Batch {
  const random = createRandom(rows)
  const tokens = () => Int32Array.from({ length: rows * context }, () => random.integer(vocabulary))
  return { inputs: tokens(), targets: tokens(), rows, columns: context }
}
