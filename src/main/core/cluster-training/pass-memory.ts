// What a system holds of its own during a pass: activations, ids. Given back at its end, and where it was broken off.
import { release, type KeptBlock } from '#main/core/engine/block.ts'
import type { Tensor } from '#main/core/engine/kernels.ts'

export interface PassMemory {
  /** What goes from block to block, forward and backward. */
  x: Tensor | null
  /** Blocks that have gone forward and not yet backward. */
  blocks: KeptBlock[]
  keep<T extends { dispose(): void }>(thing: T): T
  /** Hands `x` over to a kernel that disposes it. */
  release(): Tensor | null
  dispose(): void
}

export function holdPass(): PassMemory {
  const kept: { dispose(): void }[] = []
  return {
    x: null,
    blocks: [],
    keep(thing) {
      kept.push(thing)
      return thing
    },
    release() {
      const x = this.x
      this.x = null
      return x
    },
    dispose() {
      this.release()?.dispose()
      for (const { norm1, norm2, attention, hidden, ...rest } of this.blocks.splice(0))
        for (const record of [norm1, norm2, attention, hidden, rest]) release(record)
      for (const thing of kept.splice(0)) thing.dispose()
    },
  }
}
