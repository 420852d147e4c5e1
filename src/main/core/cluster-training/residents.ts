// The weights on a system: the embeddings, one layer, and what is in the inbox; counted, and never more than its
// allowance.
import type { ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import type { Kernels, ModelWeights, Tensor } from '#main/core/engine/kernels.ts'
import { placeWeights } from '#main/core/engine/weights.ts'
import { partReader, partWriter } from '#main/core/engine/tensor-parts.ts'
import { bytesANumber, type Item, type Layout } from './layout.ts'
import { chunkBuffer, chunks } from './links.ts'

export interface Residents {
  /** With the one block that is there, and the embeddings. */
  readonly weights: ModelWeights
  readonly gradients: ModelWeights
  /** Keeps room in the inbox. Throws where that is more than the system may hold. */
  expect(item: Item): void
  /** Moves an item out of the inbox, which `read` reads from a place in it, to where its weights belong. */
  take(item: Item, read: (into: Float32Array, from: number) => void): void
  clearGradients(layer: number): void
  /** Moves an item of gradients into the outbox, which `write` writes. */
  put(item: Item, write: (gradients: Float32Array, from: number) => void): Promise<void>
  /** Most bytes of weights held at any moment. */
  peakBytes(): number
}

/** `allowance` in bytes. */
export function createResidents(k: Kernels, { shape }: ModelPlan, layout: Layout, allowance: number): Residents {
  let held = 0
  let peak = 0
  const hold = (bytes: number) => {
    if (held + bytes > allowance) {
      throw new Fault(
        'too-large',
        `A system would hold ${held + bytes} bytes of weights; it may hold ${allowance}. Allow more, or train a narrower model.`,
      )
    }
    held += bytes
    if (held > peak) peak = held
  }
  const places = layout.layers.slice(0, 2) // every block takes the place of the first
  const tensors = () =>
    new Map(
      places.flatMap(({ parameters }) =>
        parameters.map(({ name, shape: lengths }) => [name, k.tensor(lengths)] as const),
      ),
    )
  for (const { count } of places) hold(count * bytesANumber)
  const values = tensors()
  const sums = tensors()
  const readers = new Map([...sums].map(([name, tensor]) => [name, partReader(k, tensor)]))
  const writers = new Map([...values].map(([name, tensor]) => [name, partWriter(k, tensor)]))
  const blocks = Math.min(1, shape.layers)
  const of = (map: ReadonlyMap<string, Tensor>, layer: number): Tensor[] =>
    places[Math.min(layer, 1)].parameters.map(({ name }) => map.get(name)!)
  const buffer = chunkBuffer()

  /**
   * The stretches of an item, parameter by parameter, in the row of its place: the item begins there `at`, the
   * parameter at `offset`.
   */
  function* inside({ layer, offset: itemOffset, count }: Item) {
    const place = places[Math.min(layer, 1)]
    const at = itemOffset - layout.layers[layer].offset + place.offset
    for (const { name, offset, count: size } of place.parameters) {
      const [from, to] = [Math.max(at, offset), Math.min(at + count, offset + size)]
      if (from < to) yield { name, from, to, offset, at }
    }
  }

  let inbox = 0
  return {
    weights: placeWeights(values, blocks),
    gradients: placeWeights(sums, blocks),
    expect({ count }) {
      held -= inbox
      inbox = 0
      hold(count * bytesANumber)
      inbox = count * bytesANumber
    },
    take(item, read) {
      for (const { name, from, to, offset, at } of inside(item)) {
        const write = writers.get(name)!
        for (const [begin, weights] of chunks(from, to, buffer)) {
          read(weights, begin - at)
          write(begin - offset, weights)
        }
      }
      held -= inbox
      inbox = 0
    },
    clearGradients: (layer) => of(sums, layer).forEach((sum) => k.fill(sum, 0)),
    async put(item, write) {
      for (const { name, from, to, offset, at } of inside(item)) {
        const read = readers.get(name)!
        for (const [begin, gradients] of chunks(from, to, buffer)) {
          await read(begin - offset, gradients)
          write(gradients, begin - at)
        }
      }
    },
    peakBytes: () => peak,
  }
}
