// Counts the bytes a device holds, so that an engine can say how much memory it takes.

export interface Ledger {
  add(bytes: number): void
  remove(bytes: number): void
  memory(): { currentBytes: number; peakBytes: number }
}

export function createLedger(): Ledger {
  let currentBytes = 0
  let peakBytes = 0
  return {
    add(bytes) {
      currentBytes += bytes
      if (currentBytes > peakBytes) peakBytes = currentBytes
    },
    remove(bytes) {
      currentBytes -= bytes
    },
    memory: () => ({ currentBytes, peakBytes }),
  }
}
