// Copying a file in one piece, and every file below a folder.
import { createReadStream, promises as fs } from 'node:fs'
import { join } from 'node:path'
import { diskFault } from './disk-faults.ts'
import { writeFileAtomically } from './files.ts'

/** `to` holds the whole copy or what it held before. */
export async function copyFile(from: string, to: string): Promise<void> {
  const reader = createReadStream(from)
  const failed = new Promise<never>((_, reject) =>
    // a reader that is given up because the writing failed is aborted: the writing says why
    reader.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ABORT_ERR') reject(diskFault(error, 'read', from))
    }),
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

/**
 * Copies every file below `from`, or below the `paths` in it, to the same place below `to`. One that is there with the
 * same size is taken for the same, unless it is small.
 */
export async function copyBelow(from: string, to: string, paths: readonly string[] = ['']): Promise<void> {
  for (const path of paths) {
    const isFolder = (await fs.stat(join(from, path)).catch(() => null))?.isDirectory()
    for (const file of isFolder ? (await listFilesBelow(join(from, path))).map((one) => join(path, one)) : [path]) {
      if (file.endsWith('.map')) continue
      const { size } = await fs.stat(join(from, file)).catch((error) => {
        throw diskFault(error, 'read', join(from, file))
      })
      const there = await fs.stat(join(to, file)).catch(() => null)
      if (there?.size !== size || size < largestSmallBytes) await copyFile(join(from, file), join(to, file))
    }
  }
}

/** Written again rather than compared. */
const largestSmallBytes = 65_536
