// What is done once for every card and driver: its numbers are held against the reference's, and the tiles of its
// products are timed. Both are remembered in the user's cache folder.
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { createRandom } from '#shared/random.ts'
import { readRemembered, remember } from '#main/platform/disk/remembered.ts'
import { createGpt } from '../gpt.ts'
import type { Kernels } from '../kernels.ts'
import { createReferenceKernels } from '../reference.ts'
import type { GpuDevice } from './device.ts'
import { attention } from './shaders/attention.ts'
import { attentionBackwardKeys } from './shaders/attention-backward.ts'
import { crossEntropy } from './shaders/loss.ts'
import { layerNorm } from './shaders/norm.ts'
import { adamW } from './shaders/optimizer.ts'
import { product, tiles, type TileName } from './shaders/product.ts'
import { measureTiles, usualRates, type TileRates } from './tuning.ts'

/** Differences that rounding alone cannot make, as a share of the largest number. */
const tolerance = 1e-3

const cacheFile = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'graphics-cards.json')

/** Changes with the kernels, so that a new version is checked anew. */
const edition = (): string =>
  createHash('sha256')
    .update(
      [
        product('nn', 'large', 'plain', true, true, true, 8),
        attention(64, 32, 32),
        attentionBackwardKeys(64, 32, 32),
        layerNorm(64),
        crossEntropy(true),
        adamW,
      ]
        .map(({ code }) => code)
        .join(),
    )
    .digest('hex')

/**
 * The tile rates of this card, after its numbers were checked. Throws Fault 'unavailable' where a card or its driver
 * computes wrong numbers.
 */
export async function prepareCard(device: GpuDevice, kernels: (rates: TileRates) => Kernels): Promise<TileRates> {
  const { name, driver } = device.facts
  const key = `${name}, ${driver}`
  const remembered = readRemembered(cacheFile()) as Record<string, { edition?: unknown; rates?: unknown }> | null
  const known = remembered?.[key]
  if (known?.edition === edition() && isRates(known.rates)) return known.rates
  await checkNumbers(device, kernels(usualRates))
  const rates = device.facts.isSoftware ? usualRates : await measureTiles(device)
  try {
    remember(cacheFile(), { ...remembered, [key]: { edition: edition(), rates } })
  } catch {
    // a cache that cannot be written: it is done again the next time
  }
  return rates
}

const isRates = (value: unknown): value is TileRates =>
  (Object.keys(tiles) as TileName[]).every((name) => {
    const { alone, full } = (value as Partial<TileRates> | null)?.[name] ?? {}
    return Number.isFinite(alone) && Number.isFinite(full) && alone! > 0 && full! > 0
  })

/** Two steps of a small GPT, on the card and on the reference. */
async function checkNumbers({ facts }: GpuDevice, kernels: Kernels): Promise<void> {
  const model: ModelPlan = {
    shape: { layers: 2, width: 48, heads: 3, context: 37, vocabulary: 131 },
    activation: 'gelu_new',
    parametrisation: {
      embeddingScale: 1,
      attentionScale: 0.25,
      outputScale: 1,
      initStd: { embedding: 0.1, position: 0.1, matrix: 0.1, residual: 0.05 },
      learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
    },
    seed: 1,
  }
  const train = async (k: Kernels) => {
    const engine = createGpt({ ...k, dispose: () => {} }, 'gpu', model)
    const random = createRandom(5)
    const draw = () => Int32Array.from({ length: 3 * 37 }, () => random.integer(131))
    const losses: number[] = []
    for (let step = 0; step < 2; step++) {
      losses.push(await engine.accumulate({ inputs: draw(), targets: draw(), rows: 3, columns: 37 }, 1))
      losses.push(await engine.update(1e-2, { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1, clipNorm: 1 }))
    }
    losses.push(await engine.loss({ inputs: draw(), targets: draw(), rows: 3, columns: 37 }))
    engine.dispose()
    return losses
  }
  const [actual, expected] = [await train(kernels), await train(createReferenceKernels())]
  const worst = Math.max(...expected.map((value, i) => Math.abs(actual[i] - value) / Math.abs(value)))
  if (worst <= tolerance) return
  throw new Fault(
    'unavailable',
    `The graphics card ${facts.name} computes wrong numbers with its driver ${facts.driver}, so it is passed over; a newer driver may mend it.`,
    { details: `losses and gradient norms: ${actual.join(', ')}; they should be ${expected.join(', ')}` },
  )
}
