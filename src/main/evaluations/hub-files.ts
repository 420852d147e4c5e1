// Where a task's official rows lie on the hub: it keeps every public data set as parquet on a branch of its own, named alike for all.
import type { HubSource } from '#shared/evaluation/task.ts'

/** The branch that the hub itself writes, CONFIG/SPLIT/0000.parquet; then what the authors uploaded, CONFIG/SPLIT-00000-of-00001.parquet. */
export const revisions = ['refs/convert/parquet', 'main'] as const

/** `isOf`: whether a path holds rows of a split; a source without a config takes the only one there is. */
export function officialFiles({ config, split, shotsSplit }: HubSource): { isWanted(path: string): boolean; isOf(path: string, split: string): boolean } {
  const isOf = (path: string, wanted: string): boolean => {
    const parts = path.split(/[\\/]/)
    const name = parts[parts.length - 1]
    if (parts.length === 3 && /^\d+\.parquet$/.test(name)) return (config === null || parts[0] === config) && parts[1] === wanted
    const isUploaded = /^-\d+-of-\d+(-\w+)?\.parquet$/.test(name.slice(wanted.length)) && name.startsWith(wanted)
    return isUploaded && parts.length <= 2 && (parts.length === 1 || parts[0] === 'data' || config === null || parts[0] === config)
  }
  return { isOf, isWanted: (path) => isOf(path, split) || (shotsSplit !== null && isOf(path, shotsSplit)) }
}
