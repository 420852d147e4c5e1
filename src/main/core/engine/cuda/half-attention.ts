// Attention on tensor cores, for heads that they take; others go through fp32.
import type { AttentionGeometry, Tensor } from '../kernels.ts'
import type { Device } from './device.ts'
import { halfBeside, halfOf, type Precision } from './half.ts'
import type { CudaMemory, CudaTensor } from './memory.ts'

const blockRows = 64

/** Whether heads are of 8, 16, ... 128 features, and bf16 is asked for. */
export function takesHalf(precision: Precision, width: number, { heads }: AttentionGeometry): boolean {
  const size = width / heads
  return precision === 'bf16' && size % 8 === 0 && size <= 128
}

/** Shared memory for `own` blocks of 64 rows and two pairs of tiles of `tile` rows. */
const bytesOf = (features: number, own: number, tile: number) => 2 * (features + 8) * (own * blockRows + 4 * tile)

export function halfAttention(device: Device, memory: CudaMemory) {
  const gridOf = ({ rows, context, heads }: AttentionGeometry) => [Math.ceil(context / blockRows), heads, rows] as const
  const sizesOf = ({ context, heads, scale }: AttentionGeometry, size: number) => [context, heads, size, scale]
  return {
    forward(qkv: Tensor, output: CudaTensor, logSumExp: CudaTensor, geometry: AttentionGeometry): void {
      const size = output.shape[1] / geometry.heads
      const features = size <= 64 ? 64 : 128
      const args = [
        halfOf(device, memory, memory.tensorOf(qkv)).address,
        output.address,
        halfBeside(memory, 'bf16', output),
        logSumExp.address,
      ]
      const bytes = bytesOf(features, 1, 64)
      device.launch(`halfAttention${features}`, gridOf(geometry), 128, bytes, ...args, ...sizesOf(geometry, size))
    },
    /** means and logSumExp [N, heads] as device addresses. */
    backward(
      dy: Tensor,
      qkv: Tensor,
      logSumExp: number,
      means: number,
      dqkv: CudaTensor,
      geometry: AttentionGeometry,
    ): void {
      const size = dy.shape[1] / geometry.heads
      const features = size <= 64 ? 64 : 128
      const halves = [dy, qkv].map((tensor) => halfOf(device, memory, memory.tensorOf(tensor)).address)
      const args = [
        ...halves,
        logSumExp,
        means,
        dqkv.address,
        halfBeside(memory, 'bf16', dqkv),
        ...sizesOf(geometry, size),
      ]
      const tile = features === 64 ? 64 : 32
      const grid = gridOf(geometry)
      device.launch(`halfAttentionQueries${features}`, grid, 128, bytesOf(features, 2, tile), ...args)
      device.launch(`halfAttentionKeys${features}`, grid, 128, bytesOf(features, 2, tile / 2), ...args)
    },
  }
}
