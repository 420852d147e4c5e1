// What a graphics card is asked when its first tensor is made: right numbers, and the speed of every tile.
import type { Kernels } from '../kernels.ts'
import { editionOf, onFirstUse } from '../first-use.ts'
import { checkNumbers } from '../self-test.ts'
import type { GpuDevice } from './device.ts'
import { attention } from './shaders/attention.ts'
import { attentionBackwardKeys } from './shaders/attention-backward.ts'
import { crossEntropy } from './shaders/loss.ts'
import { layerNorm } from './shaders/norm.ts'
import { adamW } from './shaders/optimizer.ts'
import { product, tiles, type TileName } from './shaders/product.ts'
import { measureTiles, usualRates, type TileRates } from './tuning.ts'

const edition = (): string =>
  editionOf(
    [
      product('nn', 'large', 'plain', true, true, true, 8),
      attention(64, 32, 32),
      attentionBackwardKeys(64, 32, 32),
      layerNorm(64),
      crossEntropy(true),
      adamW,
    ].map(({ code }) => code),
  )

/**
 * The tile rates of this card, after its numbers were checked. Throws Fault 'unavailable' where a card or its driver
 * computes wrong numbers.
 */
export async function prepareCard(device: GpuDevice, kernels: (rates: TileRates) => Kernels): Promise<TileRates> {
  const { name, driver, isSoftware } = device.facts
  return onFirstUse(`gpu, ${name}, ${driver}`, edition(), isRates, async () => {
    await checkNumbers(kernels(usualRates), name, driver)
    return isSoftware ? usualRates : await measureTiles(device)
  })
}

const isRates = (value: unknown): value is TileRates =>
  (Object.keys(tiles) as TileName[]).every((name) => {
    const { alone, full } = (value as Partial<TileRates> | null)?.[name] ?? {}
    return Number.isFinite(alone) && Number.isFinite(full) && alone! > 0 && full! > 0
  })
