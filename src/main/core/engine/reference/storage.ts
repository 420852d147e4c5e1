// Where the reference keeps its numbers: plain typed arrays, counted while they are held.
import { createLedger } from '../ledger.ts'
import type { Ids, Tensor } from '../kernels.ts'

/** Single precision is what every device keeps; double lets a test take finite differences that mean something. */
export type Precision = 'single' | 'double'
export type Numbers = Float32Array | Float64Array

export interface HeldTensor extends Tensor {
  readonly data: Numbers
}

interface HeldIds extends Ids {
  readonly data: Int32Array
}

/** Makes tensors and looks inside them. */
export interface Storage {
  tensor(shape: readonly number[], data?: ArrayLike<number>): HeldTensor
  ids(data: Int32Array): HeldIds
  memory(): { currentBytes: number; peakBytes: number }
}

export function createStorage(precision: Precision): Storage {
  const ledger = createLedger()
  const counted = <T extends { byteLength: number }>(data: T) => {
    let isHeld = true
    ledger.add(data.byteLength)
    return () => {
      if (isHeld) ledger.remove(data.byteLength)
      isHeld = false
    }
  }
  return {
    tensor(shape, values) {
      const length = shape.reduce((product, size) => product * size, 1)
      if (values && values.length !== length)
        throw new Error(`${values.length} numbers do not fill the shape [${shape.join(', ')}]`)
      const data = precision === 'single' ? new Float32Array(length) : new Float64Array(length)
      if (values) data.set(values)
      return { shape: [...shape], data, dispose: counted(data) }
    },
    ids(values) {
      const data = values.slice()
      return { length: data.length, data, dispose: counted(data) }
    },
    memory: () => ledger.memory(),
  }
}

/** The numbers of a tensor that these kernels made. */
export const numbers = (tensor: Tensor): Numbers => (tensor as HeldTensor).data
export const idNumbers = (ids: Ids): Int32Array => (ids as HeldIds).data
