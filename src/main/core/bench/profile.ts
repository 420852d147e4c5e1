// Where a training step's time goes: every kernel timed and its FLOPs counted, against what the machine's registers can
// do.
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Engine } from '#main/core/engine/engine.ts'
import type { Kernels, Tensor } from '#main/core/engine/kernels.ts'
import { nativeLibrary } from '#main/core/engine/native/library.ts'
import { usableCores } from '#main/platform/disk/computer.ts'
import type { EngineName } from '#shared/engine.ts'
import type { ModelPlan } from '#shared/family/model.ts'

export interface KernelTime {
  kernel: string
  calls: number
  seconds: number
  /** Multiply-adds counted twice; 0 for kernels that only move numbers. */
  flops: number
}

export interface Profiled {
  engine: Engine
  times(): KernelTime[]
  /** Starts over: the first steps touch memory that is not there yet. */
  forget(): void
}

const size = (tensor: Tensor, axis: number) => tensor.shape[axis]

/** FLOPs of the kernels that have many; attention's are those of the lower triangle. */
const flopsOf: Partial<Record<keyof Kernels, (args: unknown[]) => number>> = {
  linear: ([x, weight]) => 2 * size(x as Tensor, 0) * size(weight as Tensor, 0) * size(weight as Tensor, 1),
  linearGelu: ([x, weight]) => 2 * size(x as Tensor, 0) * size(weight as Tensor, 0) * size(weight as Tensor, 1),
  linearBackward: ([dy, , weight]) => 4 * size(dy as Tensor, 0) * size(weight as Tensor, 0) * size(weight as Tensor, 1),
  head: ([x, tokens]) => 2 * size(x as Tensor, 0) * size(tokens as Tensor, 0) * size(tokens as Tensor, 1),
  headBackward: ([, x, tokens]) => 4 * size(x as Tensor, 0) * size(tokens as Tensor, 0) * size(tokens as Tensor, 1),
  attention: ([qkv, geometry]) =>
    2 * size(qkv as Tensor, 0) * (size(qkv as Tensor, 1) / 3) * (geometry as { context: number }).context,
  attentionBackward: ([, qkv, , , geometry]) =>
    5 * size(qkv as Tensor, 0) * (size(qkv as Tensor, 1) / 3) * (geometry as { context: number }).context,
}

/**
 * The same model over kernels that keep a stopwatch. Only meaningful where kernels run when they are called, as the
 * native ones do.
 */
export function createProfiled(kernels: Kernels, name: EngineName, model: ModelPlan): Profiled {
  const times = new Map<string, KernelTime>()
  const timed = new Proxy(kernels, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown
      if (typeof value !== 'function' || typeof key !== 'string') return value
      return (...args: unknown[]) => {
        const flops = flopsOf[key as keyof Kernels]?.(args) ?? 0
        const label =
          key === 'linear' || key === 'linearBackward'
            ? `${key} ${(args[key === 'linear' ? 1 : 2] as Tensor).shape.join('×')}`
            : key
        const started = performance.now()
        const result = (value as (...all: unknown[]) => unknown).apply(target, args)
        const entry = times.get(label) ?? { kernel: label, calls: 0, seconds: 0, flops: 0 }
        entry.calls++
        entry.seconds += (performance.now() - started) / 1000
        entry.flops += flops
        times.set(label, entry)
        return result
      }
    },
  })
  return {
    engine: createGpt(timed, name, model),
    times: () => [...times.values()].sort((a, b) => b.seconds - a.seconds),
    forget: () => times.clear(),
  }
}

/** What the registers can do at most on this many threads: the best of three runs of multiply-adds alone, FLOP/s. */
export function peakFlops(threads: number): number {
  const library = nativeLibrary()
  const context = library.isf_create(threads || usableCores(), 2 ** 28, process.env.ISOFLOP_ISA ?? '')
  const both = new Float64Array(2)
  let best = 0
  for (let i = 0; i < 5; i++) {
    library.isf_peak_flops(context, i === 0 ? 1e6 : 2e7, both)
    best = Math.max(best, both[1] / both[0])
  }
  library.isf_destroy(context)
  return best
}
