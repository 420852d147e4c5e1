// The weights on a system: the embeddings, one layer, and what is in the inbox; counted, and never more than its allowance.
import type { ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import type { Kernels, Tensor } from '#main/engine/kernels.ts'
import { placeWeights, type ModelWeights } from '#main/engine/weights.ts'
import { partReader, partWriter } from '#main/engine/tensor-parts.ts'
import { bytesANumber, type Item, type Layout } from './layout.ts'
import { inChunks } from './links.ts'

export interface Residents {
  /** With the one block that is there, and the embeddings. */
  readonly weights: ModelWeights
  readonly gradients: ModelWeights
  /** Keeps room in the inbox. Throws where that is more than the system may hold. */
  expect(item: Item): void
  /** Moves an item out of the inbox into its place. */
  take(item: Item, read: (from: number, buffer: Float32Array) => void): void
  clearGradients(layer: number): void
  /** All of a layer, in its order; good until the next of its kind is read. */
  readGradients(layer: number): Promise<Float32Array>
  /** Most bytes of weights held at any moment. */
  peakBytes(): number
}

/** `allowance` in bytes. */
export function createResidents(k: Kernels, { shape }: ModelPlan, layout: Layout, allowance: number): Residents {
  let held = 0
  let peak = 0
  const hold = (bytes: number) => {
    if (held + bytes > allowance) {
      throw new Fault('too-large', `A system would hold ${held + bytes} bytes of weights; it may hold ${allowance}. Allow more, or train a narrower model.`)
    }
    held += bytes
    if (held > peak) peak = held
  }
  const places = layout.layers.slice(0, 2) // every block takes the place of the first
  const tensors = () => new Map(places.flatMap(({ parameters }) => parameters.map(({ name, shape: lengths }) => [name, k.tensor(lengths)] as const)))
  for (const { count } of places) hold(count * bytesANumber)
  const values = tensors()
  const sums = tensors()
  const readers = new Map([...sums].map(([name, tensor]) => [name, partReader(k, tensor)]))
  /** Gradients of the embeddings and of a block, as they leave. */
  const gathered: Float32Array[] = []
  const writers = new Map([...values].map(([name, tensor]) => [name, partWriter(k, tensor)]))
  const blocks = Math.min(1, shape.layers)
  const of = (map: ReadonlyMap<string, Tensor>, layer: number): Tensor[] => places[Math.min(layer, 1)].parameters.map(({ name }) => map.get(name)!)

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
    take({ layer, offset, count }, read) {
      const place = places[Math.min(layer, 1)]
      const begin = offset - layout.layers[layer].offset
      for (const parameter of place.parameters) {
        const from = Math.max(begin, parameter.offset - place.offset)
        const to = Math.min(begin + count, parameter.offset - place.offset + parameter.count)
        const write = writers.get(parameter.name)!
        if (from < to) {
          inChunks(to - from, (at, buffer) => {
            read(from + at - begin, buffer)
            write(from + at - (parameter.offset - place.offset), buffer)
          })
        }
      }
      held -= inbox
      inbox = 0
    },
    clearGradients: (layer) => of(sums, layer).forEach((sum) => k.fill(sum, 0)),
    async readGradients(layer) {
      const { count, offset: begin, parameters } = places[Math.min(layer, 1)]
      const all = (gathered[Math.min(layer, 1)] ??= new Float32Array(count))
      for (const { name, offset, count: size } of parameters) await readers.get(name)!(0, all.subarray(offset - begin, offset - begin + size))
      return all
    },
    peakBytes: () => peak,
  }
}
