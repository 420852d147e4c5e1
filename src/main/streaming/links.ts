// The links of a cluster: files that one process writes and another reads, and how large each is.
import { join } from 'node:path'
import { openNumbers, type NumberFile } from '#main/storage/number-files.ts'
import { bytesANumber, type Layout } from './layout.ts'
import { stateFileBytes } from './state-file.ts'

/** Weights from store to fabric, and summed gradients back: two places each, so that one is filled while the other is emptied. */
export const storeLinkPlaces = 2
/** Gradients of a system on their way to the fabric. */
export const outboxPlaces = 2

export const inboxName = (system: number): string => `inbox-${system}`
export const outboxName = (system: number): string => `outbox-${system}`

/** Every file of a cluster with its bytes. */
export function linkBytes(layout: Layout, systems: number): Record<string, number> {
  const item = layout.largestItem * bytesANumber
  const ofSystems = Array.from({ length: systems }, (_, i) => [[inboxName(i), item], [outboxName(i), outboxPlaces * item]] as const).flat()
  return { ...stateFileBytes(layout), down: storeLinkPlaces * item, up: storeLinkPlaces * item, ...Object.fromEntries(ofSystems) }
}

export const openLink = (folder: string, name: string): NumberFile => openNumbers(join(folder, name))

/** Numbers copied at once: they are passed on while they still lie in the cache. */
export const chunkNumbers = 65_536
const buffer = new Float32Array(chunkNumbers)

/** Cuts a stretch of `count` numbers into chunks, each with the same buffer for it. */
export function inChunks(count: number, take: (from: number, buffer: Float32Array) => void): void {
  for (let from = 0; from < count; from += chunkNumbers) take(from, buffer.subarray(0, Math.min(chunkNumbers, count - from)))
}
