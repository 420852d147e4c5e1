// The built window's files, by the path a browser asks for. Only what was found at the start is ever read.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface WindowFiles {
  /** The file's bytes, null where there is none; a path is looked up in a list, so it cannot lead outside. */
  read(path: string): Promise<Buffer | null>
}

/** Lists `folder` once. Rejects where there is no index.html: the window is not built. */
export async function openWindowFiles(folder: string): Promise<WindowFiles> {
  const files = new Map<string, string>()
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = `${below}/${entry.name}`
      if (entry.isDirectory()) await walk(path)
      else if (entry.isFile()) files.set(path, join(folder, path))
    }
  }
  await walk('')
  if (!files.has('/index.html')) throw new Error(`${folder} holds no index.html: the window is not built. Run npm run build.`)
  return {
    async read(path) {
      const file = files.get(path === '/' ? '/index.html' : path)
      return file === undefined ? null : readFile(file)
    },
  }
}
