// Where a task's official rows lie on the hub: it keeps every public data set as parquet beside what was uploaded, named alike for all.
import type { HubSource } from '#shared/evaluation/task.ts'

/** The branch that the hub itself writes: CONFIG/SPLIT/0000.parquet. */
export const parquetRevision = 'refs/convert/parquet'

/** `isOf`: whether a path holds rows of a split; a source without a config takes the only one there is. */
export function officialFiles({ config, split, shotsSplit }: HubSource): { isWanted(path: string): boolean; isOf(path: string, split: string): boolean } {
  const isOf = (path: string, wanted: string): boolean => {
    const parts = path.split(/[\\/]/)
    if (parts.length !== 3 || !/^\d+\.parquet$/.test(parts[2])) return false
    return (config === null || parts[0] === config) && parts[1] === wanted
  }
  return { isOf, isWanted: (path) => isOf(path, split) || (shotsSplit !== null && isOf(path, shotsSplit)) }
}
