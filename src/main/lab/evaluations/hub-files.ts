// Where a task's official rows lie on the hub: it keeps every public data set as parquet on a branch of its own, named
// alike for all.
import { join } from 'node:path'
import type { HubSource } from '#shared/evaluation/task.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { HubProgress, HubRequest } from '#main/platform/hub/fetch.ts'
import { listFilesBelow } from '#main/platform/disk/copies.ts'

/**
 * The branch that the hub itself writes, CONFIG/SPLIT/0000.parquet; then what the authors uploaded,
 * CONFIG/SPLIT-00000-of-00001.parquet.
 */
const revisions = ['refs/convert/parquet', 'main'] as const

/** `isOf`: whether a path holds rows of a split; a source without a config takes the only one there is. */
export function officialFiles({ config, split, shotsSplit }: HubSource): {
  isWanted(path: string): boolean
  isOf(path: string, split: string): boolean
} {
  const isOf = (path: string, wanted: string): boolean => {
    const parts = path.split(/[\\/]/)
    const name = parts[parts.length - 1]
    if (parts.length === 3 && /^\d+\.parquet$/.test(name))
      return (config === null || parts[0] === config) && parts[1] === wanted
    const isUploaded = /^-\d+-of-\d+(-\w+)?\.parquet$/.test(name.slice(wanted.length)) && name.startsWith(wanted)
    return (
      isUploaded &&
      parts.length <= 2 &&
      (parts.length === 1 || parts[0] === 'data' || config === null || parts[0] === config)
    )
  }
  return { isOf, isWanted: (path) => isOf(path, split) || (shotsSplit !== null && isOf(path, shotsSplit)) }
}

export type FetchFromHub = (request: HubRequest, signal: AbortSignal) => AsyncGenerator<HubProgress, string>

/** Brings a task's official rows and gives their files; `shots` is empty where examples come from the items. */
export async function fetchOfficial(
  hub: HubSource,
  cacheFolder: string,
  fetchFromHub: FetchFromHub,
  signal: AbortSignal,
  tell: (progress: HubProgress) => void,
): Promise<{ items: string[]; shots: string[] }> {
  const official = officialFiles(hub)
  const take = async (revision: string): Promise<string> => {
    const records = fetchFromHub(
      { kind: 'dataset', repo: hub.dataset, revision, wanted: official.isWanted, cacheFolder },
      signal,
    )
    for (;;) {
      const next = await records.next()
      if (next.done) return next.value
      tell(next.value)
    }
  }
  const folder = await take(revisions[0]).catch((error) => {
    if (toFaultData(error).code !== 'not-found') throw error
    return take(revisions[1])
  })
  const paths = await listFilesBelow(folder)
  const filesOf = (split: string | null) =>
    split === null ? [] : paths.filter((path) => official.isOf(path, split)).map((path) => join(folder, path))
  const items = filesOf(hub.split)
  if (items.length === 0)
    throw new Fault(
      'not-found',
      `${hub.dataset} has no rows of the split ${hub.split} on the hub. A local file can be added instead.`,
    )
  return { items, shots: filesOf(hub.shotsSplit) }
}
