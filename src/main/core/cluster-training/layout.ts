// How a model lies in one long row of numbers, layer by layer, and in which order its layers travel through the
// cluster.
import { listParameters, type GptShape, type ParameterInfo } from '#shared/family/shape.ts'

export interface PlacedParameter extends ParameterInfo {
  /** Where it begins in the row. */
  offset: number
  count: number
}

export interface Layer {
  name: string
  offset: number
  count: number
  parameters: PlacedParameter[]
}

/**
 * One transfer: a layer, or a piece of the embeddings, which may be larger than a layer and stay for the whole pass.
 */
export interface Item {
  /** Index in `layers`. */
  layer: number
  offset: number
  count: number
}

export interface Layout {
  /** Numbers in all. */
  count: number
  /** The embeddings with the final norm, then the blocks. */
  layers: Layer[]
  /** In the model's own order. */
  parameters: PlacedParameter[]
  /** Most numbers of one item. */
  largestItem: number
  /** Weights on their way to the systems: embeddings, blocks upwards, blocks downwards. */
  weights: Item[]
  /** Gradients on their way back: blocks downwards, embeddings. */
  gradients: Item[]
}

export const bytesANumber = 4

export const bytesOf = (items: readonly Item[]): number =>
  items.reduce((bytes, { count }) => bytes + count * bytesANumber, 0)

export function layoutOf(shape: GptShape): Layout {
  const infos = listParameters(shape)
  const isOfBlock =
    (i: number) =>
    ({ name }: ParameterInfo) =>
      name.startsWith(`h.${i}.`)
  const groups = [
    { name: 'embeddings', infos: infos.filter(({ name }) => !name.startsWith('h.')) },
    ...Array.from({ length: shape.layers }, (_, i) => ({ name: `h.${i}`, infos: infos.filter(isOfBlock(i)) })),
  ]
  let end = 0
  const layers = groups.map((group): Layer => {
    const offset = end
    const parameters = group.infos.map((info): PlacedParameter => {
      const count = info.shape.reduce((product, size) => product * size, 1)
      const placed = { ...info, offset: end, count }
      end += count
      return placed
    })
    return { name: group.name, offset, count: end - offset, parameters }
  })
  const byName = new Map(
    layers.flatMap(({ parameters }) => parameters.map((parameter) => [parameter.name, parameter] as const)),
  )
  const largestItem = shape.layers > 0 ? layers[1].count : layers[0].count
  const embeddings = pieces(0, layers[0], largestItem)
  const up = layers.slice(1).map(({ offset, count }, i): Item => ({ layer: i + 1, offset, count }))
  const down = [...up].reverse()
  return {
    count: end,
    layers,
    parameters: infos.map(({ name }) => byName.get(name)!),
    largestItem,
    weights: [...embeddings, ...up, ...down],
    gradients: [...down, ...embeddings],
  }
}

/** What a system needs to hold: the embeddings, the layer it computes, and the one that arrives meanwhile. */
export const neededWeightBytes = ({ layers, largestItem }: Layout): number =>
  bytesANumber * (layers[0].count + 2 * largestItem)

/**
 * Which rows of a micro-batch are a system's, as `from` and `to`: fixed by its number, so that whoever computes them
 * gives the same sums.
 */
export const shareOf = (rows: number, system: number, systems: number): { from: number; to: number } => ({
  from: Math.floor((rows * system) / systems),
  to: Math.floor((rows * (system + 1)) / systems),
})

function pieces(layer: number, { offset, count }: Layer, largest: number): Item[] {
  const found: Item[] = []
  for (let done = 0; done < count; done += largest)
    found.push({ layer, offset: offset + done, count: Math.min(largest, count - done) })
  return found
}
