// Copying a file in one piece, and every file below a folder.
import { createReadStream, promises as fs } from 'node:fs'
import { join } from 'node:path'
import { diskFault } from './disk-faults.ts'
import { writeFileAtomically } from './files.ts'

/** `to` holds the whole copy or what it held before. */
export async function copyFile(from: string, to: string): Promise<void> {
  const reader = createReadStream(from)
  const failed = new Promise<never>((_, reject) =>
    reader.once('error', (error) => reject(diskFault(error, 'read', from))),
  )
  await Promise.race([writeFileAtomically(to, reader as AsyncIterable<Uint8Array>), failed])
}

/** Paths below `folder`, relative to it, in order; what is hidden is left out. */
export async function listFilesBelow(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error) => {
    throw diskFault(error, 'read', folder)
  })
  const found = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.'))
      .map(async (entry) =>
        entry.isDirectory()
          ? (await listFilesBelow(join(folder, entry.name))).map((path) => join(entry.name, path))
          : [entry.name],
      ),
  )
  return found.flat().sort()
}
