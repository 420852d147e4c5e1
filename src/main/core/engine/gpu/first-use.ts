// What is done once for every card and driver: its numbers are held against the reference's, and the tiles of its
// products are timed. Both are remembered in the user's cache folder.
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readRemembered, remember } from '#main/platform/disk/remembered.ts'
import type { Kernels } from '../kernels.ts'
import { checkNumbers } from '../self-test.ts'
import type { GpuDevice } from './device.ts'
import { attention } from './shaders/attention.ts'
import { attentionBackwardKeys } from './shaders/attention-backward.ts'
import { crossEntropy } from './shaders/loss.ts'
import { layerNorm } from './shaders/norm.ts'
import { adamW } from './shaders/optimizer.ts'
import { product, tiles, type TileName } from './shaders/product.ts'
import { measureTiles, usualRates, type TileRates } from './tuning.ts'

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
  await checkNumbers(kernels(usualRates), name, driver)
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
