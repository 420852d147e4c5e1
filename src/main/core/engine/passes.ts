// Passes of a training, forward and backward, one micro-batch after another.
import type { Ids, Tensor } from './tensor.ts'

/** All that a pass depends on beside the model and its ids. */
export interface PassForm {
  rows: number
  columns: number
  /** Of every row's loss in the gradient. */
  gradientScale: number
}

/** Queues a pass and gives its losses [N]; does the same for every content of a form's ids. */
export type QueuePass = (ids: Ids, targets: Ids, form: PassForm) => Tensor

export interface Passes {
  /** The losses of one pass. */
  run(form: PassForm, inputs: Int32Array, targets: Int32Array): Promise<Float32Array>
  dispose(): void
}
