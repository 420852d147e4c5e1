// Rows looked up: tokens and positions added, x[n] = scale · (tokens[ids[n]] + positions[places[n]]), and any others.
import type { Kernels } from '../kernels.ts'
import { idNumbers, numbers, type Storage } from './storage.ts'

export function embeddingKernels({ tensor }: Storage) {
  return {
    gatherRows(x, rows) {
      const [, width] = x.shape
      const [from, row] = [numbers(x), idNumbers(rows)]
      const output = tensor([rows.length, width])
      for (let n = 0; n < rows.length; n++)
        output.data.set(from.subarray(row[n] * width, (row[n] + 1) * width), n * width)
      return output
    },
    embedding(ids, tokens, positions, places, scale) {
      const [vocabulary, width] = tokens.shape
      const id = idNumbers(ids)
      const token = numbers(tokens)
      const position = numbers(positions)
      const output = tensor([ids.length, width])
      for (let n = 0; n < ids.length; n++) {
        if (!(id[n] >= 0 && id[n] < vocabulary))
          throw new Error(`token ${id[n]} is outside a vocabulary of ${vocabulary}`)
        const p = typeof places === 'number' ? n % places : idNumbers(places)[n]
        for (let i = 0; i < width; i++)
          output.data[n * width + i] = scale * (token[id[n] * width + i] + position[p * width + i])
      }
      return output
    },
    embeddingBackward(dx, ids, context, scale, intoTokens, intoPositions) {
      const [rows, width] = dx.shape
      const id = idNumbers(ids)
      const gradient = numbers(dx)
      // Summed in double precision over all rows first: a common token gathers thousands of small numbers.
      const token = Float64Array.from(numbers(intoTokens))
      const position = Float64Array.from(numbers(intoPositions))
      for (let n = 0; n < rows; n++) {
        for (let i = 0; i < width; i++) {
          token[id[n] * width + i] += scale * gradient[n * width + i]
          position[(n % context) * width + i] += scale * gradient[n * width + i]
        }
      }
      numbers(intoTokens).set(token)
      numbers(intoPositions).set(position)
    },
  } satisfies Partial<Kernels>
}
