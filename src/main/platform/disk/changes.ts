// When something in a folder was last changed, however old its files say they are.
import { promises as fs } from 'node:fs'
import { join } from 'node:path'
import { diskFault } from './disk-faults.ts'

/**
 * Milliseconds since 1970 of the last change to a folder's files: of content, name or attributes, which a copy that
 * keeps times changes too.
 */
export async function lastChangeMs(folder: string): Promise<number> {
  try {
    const names = await fs.readdir(folder)
    const times = await Promise.all(names.map(async (name) => (await fs.stat(join(folder, name))).ctimeMs))
    return Math.max(...times, 0)
  } catch (error) {
    throw diskFault(error, 'read', folder)
  }
}
