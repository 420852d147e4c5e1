// A file of weights as its readers see it, whatever its format.
import type { StoredDtype } from './dtypes.ts'

/** Tensors that are read one at a time, as fp32. */
export interface WeightsFile {
  readonly tensors: readonly { name: string; dtype: StoredDtype; shape: number[] }[]
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}
