// A card's memory in stretches: those given back are kept for the next block of that size. Work runs in order, so none
// is used too early.
import { Fault } from '#shared/fault.ts'
import { createLedger } from '../ledger.ts'
import { sizeClass } from '../size-class.ts'
import type { Device } from './device.ts'
import { checkResult, outOfMemory } from './driver.ts'

/** Some of the card's memory; once gone, the driver may give its address to others. */
export interface Stretch {
  readonly address: number
  state: 'held' | 'free' | 'gone'
}

export interface Owner {
  readonly isOpen: boolean
  take(bytes: number): Stretch
  giveBack(stretch: Stretch, bytes: number): void
}

export interface Pool extends Owner {
  /** What `work` takes, given back or not. */
  watch(work: () => void): Set<Stretch>
  bytes(): { currentBytes: number; peakBytes: number }
  dispose(): void
}

/** What a tensor holds of a card's memory until it is disposed. */
export class Block {
  private held: Stretch | null
  constructor(
    readonly owner: Owner,
    private readonly bytes: number,
  ) {
    this.held = owner.take(bytes)
  }

  get isHeld(): boolean {
    return this.held !== null
  }

  get address(): number {
    if (!this.held || !this.owner.isOpen) throw new Error('this tensor was disposed')
    return this.held.address
  }

  /** Whether its memory is among these. */
  isOf(stretches: ReadonlySet<Stretch>): boolean {
    return this.held !== null && stretches.has(this.held)
  }

  dispose(): void {
    if (this.held && this.owner.isOpen) this.owner.giveBack(this.held, this.bytes)
    this.held = null
  }
}

const blockSize = (bytes: number): number => sizeClass(bytes, 256)

export function createPool({ driver, graphs }: Device): Pool {
  const ledger = createLedger()
  const free = new Map<number, Stretch[]>()
  const all = new Set<Stretch>()
  let watched: Set<Stretch> | null = null
  let isOpen = true

  /** Gives the driver back what nobody holds. */
  function trim(): void {
    for (const stretches of free.values())
      for (const stretch of stretches) {
        all.delete(stretch)
        stretch.state = 'gone'
        checkResult(driver.cuMemFree_v2(stretch.address), 'cuMemFree_v2')
      }
    free.clear()
  }
  function allocate(size: number): Stretch {
    const out: [number] = [0]
    let code = driver.cuMemAlloc_v2(out, size)
    if (code === outOfMemory && free.size > 0) {
      graphs?.abandon() // a recording may be of what is given back
      trim()
      code = driver.cuMemAlloc_v2(out, size)
    }
    if (code === outOfMemory) {
      throw new Fault(
        'too-large',
        `The graphics card has no ${(size / 2 ** 20).toFixed(1)} MiB of memory left; a smaller model, batch or context needs less, and so does closing other programs that use the card.`,
      )
    }
    checkResult(code, 'cuMemAlloc_v2')
    const stretch: Stretch = { address: Number(out[0]), state: 'held' }
    all.add(stretch)
    return stretch
  }
  return {
    get isOpen() {
      return isOpen
    },
    take(bytes) {
      if (!isOpen) throw new Error('these kernels were disposed')
      const size = blockSize(bytes)
      const stretch = free.get(size)?.pop() ?? allocate(size)
      stretch.state = 'held'
      watched?.add(stretch)
      ledger.add(bytes)
      return stretch
    },
    giveBack(stretch, bytes) {
      ledger.remove(bytes)
      stretch.state = 'free'
      const size = blockSize(bytes)
      const stretches = free.get(size)
      if (stretches) stretches.push(stretch)
      else free.set(size, [stretch])
    },
    watch(work) {
      const taken = (watched = new Set<Stretch>())
      try {
        work()
      } finally {
        watched = null
      }
      return taken
    },
    bytes: () => ledger.memory(),
    dispose() {
      isOpen = false
      for (const { address } of all) driver.cuMemFree_v2(address)
    },
  }
}
