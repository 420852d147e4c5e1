// The built window's files, by the path a browser asks for. Only what a walk through the folder finds is ever read.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface WindowFiles {
  /** The file's bytes, null where there is none; a path is looked up in a list, so it cannot lead outside. */
  read(path: string): Promise<Buffer | null>
}

/**
 * Lists `folder`, and again when a path is not known or gone: the window may have been built anew. Rejects where there
 * is no index.html.
 */
export async function openWindowFiles(folder: string): Promise<WindowFiles> {
  let files = await listFiles(folder)
  if (!files.has('/index.html'))
    throw new Error(`${folder} holds no index.html: the window is not built. Run npm run build.`)
  const bytesOf = async (path: string): Promise<Buffer | null> => {
    const file = files.get(path === '/' ? '/index.html' : path)
    return file === undefined ? null : readFile(file).catch(() => null)
  }
  return {
    async read(path) {
      const bytes = await bytesOf(path)
      if (bytes) return bytes
      files = await listFiles(folder)
      return bytesOf(path)
    },
  }
}

/** Every file below `folder` by its path there, `/assets/index.js`; none where there is no folder. */
async function listFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true }).catch(() => [])) {
      const path = `${below}/${entry.name}`
      if (entry.isDirectory()) await walk(path)
      else if (entry.isFile()) files.set(path, join(folder, path))
    }
  }
  await walk('')
  return files
}
