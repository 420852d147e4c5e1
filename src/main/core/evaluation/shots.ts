// Which examples stand before an item.
import { Fault } from '#shared/fault.ts'
import type { ShotSampler } from '#shared/evaluation/evaluation.ts'
import type { Item } from './items.ts'
import { createPythonRandom } from './mersenne.ts'

export interface ShotPlan {
  count: number
  pool: readonly Item[]
  /**
   * `first`: the first ones of the file. `harness`: as lm-evaluation-harness's default sampler draws them, other ones
   * for every item.
   */
  sampler: ShotSampler
  /** The harness seeds its sampler with 1234 unless told otherwise. */
  seed: number
  /** See TaskRecord.harnessDrawsOneMore. */
  drawsOneMore: boolean
  /** For sentences: where the pool comes from. */
  source: string
}

export const harnessSeed = 1234

/**
 * The examples of each item in turn; to be called once an item, in the order of the file, for the sampler goes on from
 * item to item.
 * `first` never shows an item its own answer; the harness's sampler takes care of that only for tasks that have no test
 * split.
 */
export function createShots({ count, pool, sampler, seed, drawsOneMore, source }: ShotPlan): (item: Item) => Item[] {
  if (count === 0) return () => []
  const keys = pool.map(keyOf)
  const others = (item: Item): number[] => {
    const key = keyOf(item)
    return keys.flatMap((one, i) => (one === key ? [] : [i]))
  }
  const enough = (places: number[], wanted: number): void => {
    if (places.length < wanted)
      throw new Fault(
        'bad-input',
        `${source} has ${places.length} examples beside the item, and ${wanted} are wanted. Ask for fewer shots, or name a file with more.`,
      )
  }
  if (sampler === 'first') {
    return (item) => {
      const key = keyOf(item)
      const places: number[] = []
      for (let i = 0; i < keys.length && places.length < count; i++) if (keys[i] !== key) places.push(i)
      enough(places, count)
      return places.map((i) => pool[i])
    }
  }
  const random = createPythonRandom(seed)
  enough(
    pool.map((_, i) => i),
    drawsOneMore ? count + 1 : count,
  )
  return (item) => {
    if (!drawsOneMore) return random.sample(pool.length, count).map((i) => pool[i])
    const key = keyOf(item)
    const drawn = random
      .sample(pool.length, count + 1)
      .filter((i) => keys[i] !== key)
      .slice(0, count)
    if (drawn.length === count) return drawn.map((i) => pool[i])
    const places = others(item) // several equal rows were drawn: draw again without them
    enough(places, count)
    return random.sample(places.length, count).map((i) => pool[places[i]])
  }
}

/** Two rows are the same item when all their fields are. */
const keyOf = ({ row }: Item): string =>
  JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
