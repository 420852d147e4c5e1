// What a browser sent to the lab's machine lies below `uploads`, each file in a folder of its own, until nothing names
// it any more.
import { dirname, join } from 'node:path'
import { exists, listFolder } from '#main/platform/disk/files.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'

/** Removes files that were sent; what lies elsewhere is a person's. */
export async function forgetUploads(home: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) if (dirname(dirname(path)) === join(home, 'uploads')) await removeFolder(dirname(path))
}

/**
 * Removes what a session left in the middle: uploads that no corpus and no import names, and what was gathered for a
 * model that is not being imported. To be called before anything is received or imported.
 */
export async function sweepUploads(home: string, named: readonly string[]): Promise<void> {
  const uploads = join(home, 'uploads')
  const kept = new Set(named.map(dirname))
  for (const id of await namesIn(uploads)) if (!kept.has(join(uploads, id))) await removeFolder(join(uploads, id))
  const models = join(home, 'models')
  for (const name of await namesIn(models)) if (name.endsWith('-files')) await removeFolder(join(models, name))
}

const namesIn = async (folder: string): Promise<string[]> => ((await exists(folder)) ? listFolder(folder) : [])
