// What every native kernel asks of its arguments before C++ sees their addresses.
import type { Addresses } from '../shapes.ts'
import { fullTensorOf, idsOf, type NativeContext, type NativeMemory, type NativeTensor, shaped } from './memory.ts'

export interface Arguments extends Addresses {
  /** Several new tensors, or none of them. */
  several(...shapes: (readonly number[])[]): NativeTensor[]
}

export function checkedArguments(context: NativeContext, memory: NativeMemory): Arguments {
  return {
    at: (tensor, what, ...shape) => fullTensorOf(shaped(tensor, context, what, shape), context).address,
    idsWithin(ids, what, from, below) {
      const own = idsOf(ids, context)
      if (own.length > 0 && (own.least < from || own.most >= below))
        throw new Error(`${what} go from ${own.least} to ${own.most}; they must lie in ${from} to ${below - 1}`)
      return own.address
    },
    several(...shapes) {
      const made: NativeTensor[] = []
      try {
        for (const shape of shapes) made.push(memory.empty(shape))
      } catch (error) {
        for (const tensor of made) tensor.dispose()
        throw error
      }
      return made
    },
  }
}
