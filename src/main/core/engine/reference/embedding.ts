// Tokens and positions looked up and added: x[n] = scale · (tokens[ids[n]] + positions[offset + n mod T]).
import type { Kernels } from '../kernels.ts'
import { idNumbers, numbers, type Storage } from './storage.ts'

export function embeddingKernels({ tensor }: Storage): Pick<Kernels, 'embedding' | 'embeddingBackward'> {
  return {
    embedding(ids, tokens, positions, context, scale, offset = 0) {
      const [vocabulary, width] = tokens.shape
      const id = idNumbers(ids)
      const token = numbers(tokens)
      const position = numbers(positions)
      const output = tensor([ids.length, width])
      for (let n = 0; n < ids.length; n++) {
        if (!(id[n] >= 0 && id[n] < vocabulary))
          throw new Error(`token ${id[n]} is outside a vocabulary of ${vocabulary}`)
        const p = offset + (n % context)
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
  }
}
