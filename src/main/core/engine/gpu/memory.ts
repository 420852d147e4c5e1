// Tensors on a graphics card: weights side by side in large buffers, everything that comes and goes in buffers of its
// own, which are kept and used again.
import { Fault } from '#shared/fault.ts'
import type { Ids, Tensor } from '../kernels.ts'
import { createLedger } from '../ledger.ts'
import { countOf } from '../shapes.ts'
import { sizeClass } from '../size-class.ts'
import { noMemory } from './complaints.ts'
import type { GpuDevice, Range } from './device.ts'

/** Bindings begin at multiples of 64 words and tensors end there, so that four numbers can be read at once. */
const grain = 64
export const inGrains = (words: number) => Math.ceil(words / grain) * grain

export class GpuTensor implements Tensor {
  isHeld = true
  constructor(
    readonly memory: GpuMemory,
    readonly shape: readonly number[],
    readonly range: Range,
    private readonly release: () => void,
  ) {}
  get count(): number {
    return countOf(this.shape)
  }
  dispose(): void {
    if (this.isHeld) this.release()
    this.isHeld = false
  }
}

export class GpuIds implements Ids {
  isHeld = true
  constructor(
    readonly memory: GpuMemory,
    /** Kept for kernels that want the ids sorted. */
    readonly data: Int32Array,
    readonly range: Range,
    private readonly release: () => void,
  ) {}
  get length(): number {
    return this.data.length
  }
  dispose(): void {
    if (this.isHeld) this.release()
    this.isHeld = false
  }
}

export interface GpuMemory {
  /** Contents undefined. */
  empty(shape: readonly number[]): GpuTensor
  /** Tensors that one kernel is to walk through at once, side by side in as few buffers as bindings allow. */
  together(shapes: readonly (readonly number[])[]): GpuTensor[]
  ids(data: Int32Array): GpuIds
  bytes(): { currentBytes: number; peakBytes: number }
  /** The whole buffer of a tensor that was made together with others; null for one that was not. */
  arena(tensor: GpuTensor): Range | null
  dispose(): void
}

/**
 * A step takes everything and gives it back, to take it again in the next; but batches of ever new lengths must not
 * pile up. So all buffers together may be this much more than were ever in use at once.
 */
const slack = 1.25
const slackBytes = 64 * 2 ** 20

export function createGpuMemory(device: GpuDevice): GpuMemory {
  const ledger = createLedger()
  /** Buffers that nobody holds, by size, with the moment at which they were last named. */
  const idle = new Map<number, { buffer: number; moment: number }[]>()
  const arenas = new Map<number, number>()
  let [idleBytes, usedBytes, mostUsedBytes] = [0, 0, 0]
  const largestWords = Math.floor(Math.min(device.facts.bindingBytes, device.facts.bufferBytes) / 4 / grain) * grain

  function giveBackIdle(): void {
    for (const buffers of idle.values()) for (const { buffer } of buffers) device.release(buffer)
    idle.clear()
    idleBytes = 0
  }

  /** A buffer of exactly so many words (a size class), used before or new; one that no dispatch names that waits. */
  function take(words: number, isUnnamed = false): number {
    if (words > largestWords)
      throw new Fault(
        'too-large',
        `The graphics card binds at most ${Math.floor(device.facts.bindingBytes / 2 ** 20)} MiB at once, and this needs ${Math.ceil((4 * words) / 2 ** 20)} MiB; a smaller batch, context or model needs less.`,
      )
    const kept = idle.get(words) ?? []
    // given back while dispatches waited, and they wait still
    const isWaiting = ({ moment }: { moment: number }) => moment > device.counts.submits
    const at = isUnnamed ? kept.findIndex((one) => !isWaiting(one)) : kept.length - 1
    usedBytes += 4 * words
    mostUsedBytes = Math.max(mostUsedBytes, usedBytes)
    if (at >= 0) {
      idleBytes -= 4 * words
      return kept.splice(at, 1)[0].buffer
    }
    let buffer = device.buffer(4 * words)
    if (buffer === null && idleBytes > 0) {
      giveBackIdle()
      buffer = device.buffer(4 * words)
    }
    if (buffer === null) {
      usedBytes -= 4 * words
      throw noMemory()
    }
    return buffer
  }

  function giveBack(buffer: number, words: number): void {
    if (!device.isOpen) return
    usedBytes -= 4 * words
    idleBytes += 4 * words
    const kept = idle.get(words)
    const one = { buffer, moment: device.moment }
    if (kept) kept.push(one)
    else idle.set(words, [one])
    if (idleBytes + usedBytes > slack * mostUsedBytes + slackBytes) giveBackIdle()
  }

  function held(words: number, isUnnamed = false): { range: Range; release: () => void } {
    const size = sizeClass(words, grain)
    const buffer = take(size, isUnnamed)
    ledger.add(4 * words)
    return {
      range: { buffer, offset: 0, count: inGrains(words) },
      release() {
        ledger.remove(4 * words)
        giveBack(buffer, size)
      },
    }
  }

  const memory: GpuMemory = {
    empty(shape) {
      const { range, release } = held(countOf(shape))
      return new GpuTensor(memory, [...shape], range, release)
    },
    together(shapes) {
      const made: GpuTensor[] = []
      for (let first = 0; first < shapes.length;) {
        let [words, next] = [0, first]
        while (next < shapes.length && (next === first || words + inGrains(countOf(shapes[next])) <= largestWords))
          words += inGrains(countOf(shapes[next++]))
        const buffer = take(words)
        arenas.set(buffer, words)
        let [offset, living] = [0, next - first]
        for (const shape of shapes.slice(first, next)) {
          const count = countOf(shape)
          ledger.add(4 * count)
          made.push(
            new GpuTensor(memory, [...shape], { buffer, offset, count: inGrains(count) }, () => {
              ledger.remove(4 * count)
              if (--living > 0) return
              arenas.delete(buffer)
              giveBack(buffer, words)
            }),
          )
          offset += inGrains(count)
        }
        first = next
      }
      return made
    },
    ids(data) {
      const { range, release } = held(Math.max(1, data.length), true)
      const ids = new GpuIds(memory, data.slice(), range, release)
      device.write(range, data, true)
      return ids
    },
    bytes: () => ledger.memory(),
    arena({ range: { buffer } }) {
      const count = arenas.get(buffer)
      return count === undefined ? null : { buffer, offset: 0, count }
    },
    dispose() {
      idle.clear()
    },
  }
  return memory
}

/** A tensor of these kernels that is still held and, where one is given, has this shape. */
export function tensorOf(tensor: Tensor, memory: GpuMemory, shape?: readonly number[]): GpuTensor {
  if (!(tensor instanceof GpuTensor) || tensor.memory !== memory)
    throw new Error('this tensor belongs to other kernels')
  if (!tensor.isHeld) throw new Error('this tensor was disposed')
  if (shape && (tensor.shape.length !== shape.length || shape.some((size, i) => size !== tensor.shape[i])))
    throw new Error(`a tensor is [${tensor.shape.join(', ')}] and should be [${shape.join(', ')}]`)
  return tensor
}

export function idsOf(ids: Ids, memory: GpuMemory): GpuIds {
  if (!(ids instanceof GpuIds) || ids.memory !== memory) throw new Error('these ids belong to other kernels')
  if (!ids.isHeld) throw new Error('these ids were disposed')
  return ids
}
