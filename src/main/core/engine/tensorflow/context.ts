// What the TensorFlow.js kernels share: the library, tensors that can be replaced, and the count of bytes.
import type * as Core from '@tensorflow/tfjs-core'
import { createLedger } from '../ledger.ts'
import type { Ids, Tensor } from '../kernels.ts'

export type Tf = typeof Core
export type TfTensor = Core.Tensor

/** A tensor whose numbers can be exchanged: TensorFlow.js knows no writing in place. */
export interface Held extends Tensor {
  value: TfTensor
}

export interface HeldIds extends Ids {
  readonly value: TfTensor
  readonly data: Int32Array
}

/** Softmax cross entropy of logits [N, V] and ids in [0, V): losses [N] and softmax − one-hot [N, V]. */
export type SparseCrossEntropy = (logits: TfTensor, targets: TfTensor) => { losses: TfTensor; gradient: () => TfTensor }

export interface Context {
  readonly tf: Tf
  readonly crossEntropy: SparseCrossEntropy
  /** Product of two matrices, either on its side. */
  product(a: TfTensor, b: TfTensor, isATransposed: boolean, isBTransposed: boolean): TfTensor
  /** Runs ops and disposes all but what is returned. */
  scope<T extends TfTensor | TfTensor[] | void>(work: () => T): T
  /** Takes a tensor over. */
  hold(value: TfTensor): Held
  holdIds(data: Int32Array): HeldIds
  /** Gives `into` other numbers; to be called inside a scope. */
  replace(into: Tensor, value: TfTensor): void
  /** into += value; to be called inside a scope. */
  addTo(into: Tensor, value: TfTensor): void
  /** −1e30 above the diagonal, 0 elsewhere: [T, past + T], for queries that come after `past` keys. */
  futureMask(context: number, past?: number): TfTensor
  memory(): { currentBytes: number; peakBytes: number }
  dispose(): void
}

export const valueOf = (tensor: Tensor): TfTensor => (tensor as Held).value

export interface ContextOptions {
  crossEntropy: SparseCrossEntropy
  /** Whether a matrix is better turned round by itself before a product: wasm is fast only at plain ones. */
  turnsFirst: boolean
}

export function createContext(tf: Tf, { crossEntropy, turnsFirst }: ContextOptions): Context {
  const ledger = createLedger()
  let peakInside = 0
  let mask: { context: number; past: number; value: TfTensor } | null = null

  /** A disposable count for something of 4-byte elements. */
  function counted(elements: number, release: () => void): () => void {
    ledger.add(4 * elements)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      ledger.remove(4 * elements)
      release()
    }
  }
  function replace(into: Tensor, value: TfTensor): void {
    const held = into as Held
    held.value.dispose()
    held.value = tf.keep(value)
  }
  return {
    tf,
    crossEntropy,
    product(a, b, isATransposed, isBTransposed) {
      if (!turnsFirst) return tf.matMul(a, b, isATransposed, isBTransposed)
      return tf.matMul(isATransposed ? tf.transpose(a) : a, isBTransposed ? tf.transpose(b) : b)
    },
    scope: (work) =>
      tf.tidy(() => {
        const result = work()
        peakInside = Math.max(peakInside, tf.memory().numBytes)
        return result as Core.TensorContainer
      }) as ReturnType<typeof work>,
    hold(value) {
      const held: Held = { shape: value.shape, value, dispose: counted(value.size, () => held.value.dispose()) }
      return held
    },
    holdIds(ids) {
      const data = ids.slice()
      const value = tf.tensor1d(data, 'int32')
      return { length: data.length, data, value, dispose: counted(data.length, () => value.dispose()) }
    },
    replace,
    addTo: (into, value) => replace(into, tf.add(valueOf(into), value)),
    futureMask(context, past = 0) {
      if (mask?.context === context && mask.past === past) return mask.value
      mask?.value.dispose()
      const columns = past + context
      const numbers = Float32Array.from({ length: context * columns }, (_, i) =>
        i % columns > past + Math.floor(i / columns) ? -1e30 : 0,
      )
      mask = { context, past, value: tf.keep(tf.tensor2d(numbers, [context, columns])) }
      return mask.value
    },
    memory() {
      const { currentBytes, peakBytes } = ledger.memory()
      return { currentBytes, peakBytes: Math.max(peakBytes, peakInside) }
    },
    dispose() {
      mask?.value.dispose()
      mask = null
    },
  }
}
