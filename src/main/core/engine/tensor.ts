// What lies on a device, as all that use it see it.

/** Numbers on a device. Opaque: only `Kernels.read` looks inside. */
export interface Tensor {
  readonly shape: readonly number[]
  dispose(): void
}

/** Integer ids on a device. */
export interface Ids {
  readonly length: number
  dispose(): void
}
