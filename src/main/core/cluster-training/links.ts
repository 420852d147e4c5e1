// The links of a cluster: files that one process writes and another reads, and how large each is. Mapped into memory
// where that is possible.
import { join } from 'node:path'
import { mapCounters, mapNumbers } from '#main/core/engine/native/mapped.ts'
import { openCounters } from '#main/platform/disk/counter-files.ts'
import { openNumbers, type NumberFile } from '#main/platform/disk/number-files.ts'
import { progressBytes, createProgress, type Progress } from './progress.ts'
import { bytesANumber, type Layout } from './layout.ts'
import type { PartJob } from './messages.ts'
import { stateFileBytes } from './state-layout.ts'

/**
 * Weights from store to fabric, and summed gradients back: two places each, so that one is filled while the other is
 * emptied.
 */
export const storeLinkPlaces = 2
/** Gradients of a system on their way to the fabric. */
export const outboxPlaces = 2

export const inboxName = (system: number): string => `inbox-${system}`
export const outboxName = (system: number): string => `outbox-${system}`
const progressName = 'progress'

/** Every file of a cluster with its bytes. */
export function linkBytes(layout: Layout, systems: number): Record<string, number> {
  const item = layout.largestItem * bytesANumber
  const ofSystems = Array.from(
    { length: systems },
    (_, i) =>
      [
        [inboxName(i), item],
        [outboxName(i), outboxPlaces * item],
      ] as const,
  ).flat()
  return {
    ...stateFileBytes(layout),
    [progressName]: progressBytes(systems),
    down: storeLinkPlaces * item,
    up: storeLinkPlaces * item,
    ...Object.fromEntries(ofSystems),
  }
}

/** How the files of a cluster are opened. */
export interface Links {
  numbers(name: string): NumberFile
  /** Never mapped: a small write to a file is whole or is not there. */
  headers(name: string): NumberFile<Float64Array>
  progress(job: PartJob): Progress
}

/** Those in `folder`; mapped into memory where that is possible, unless `isMapped` is false. */
export function openLinks(folder: string, isMapped = true): Links {
  const pathOf = (name: string) => join(folder, name)
  return {
    numbers: (name) => (isMapped ? mapNumbers(pathOf(name)) : null) ?? openNumbers(pathOf(name)),
    headers: (name) => openNumbers<Float64Array>(pathOf(name)),
    progress: (job) =>
      createProgress((isMapped ? mapCounters(pathOf(progressName)) : null) ?? openCounters(pathOf(progressName)), job),
  }
}

/** Numbers copied at once: they are passed on while they still lie in the cache. */
const chunkNumbers = 65_536

/** Room for a chunk: each part needs its own. */
export const chunkBuffer = (): Float32Array => new Float32Array(chunkNumbers)

/** Cuts the stretch from `from` to `to` into chunks: where each begins, and the part of `buffer` that holds it. */
export function* chunks(from: number, to: number, buffer: Float32Array): Generator<readonly [number, Float32Array]> {
  for (let at = from; at < to; at += chunkNumbers) yield [at, buffer.subarray(0, Math.min(chunkNumbers, to - at))]
}
