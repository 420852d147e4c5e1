// Files that came one by one, put side by side in a folder: linked where the disk allows it, else copied.
import { promises as fs } from 'node:fs'
import { basename, join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { diskFault } from './disk-faults.ts'

/** Makes `folder` anew with every file under its own name; two of one name are a Fault. */
export async function gatherFiles(paths: readonly string[], folder: string): Promise<void> {
  const names = paths.map((path) => basename(path))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice) throw new Fault('bad-input', `Two of the files are called ${twice}; a model has each of its files once.`)
  await fs.rm(folder, { recursive: true, force: true })
  await fs.mkdir(folder, { recursive: true })
  for (const [i, path] of paths.entries()) {
    const target = join(folder, names[i])
    await fs
      .link(path, target)
      .catch(() => fs.copyFile(path, target))
      .catch((error) => {
        throw diskFault(error, 'read', path)
      })
  }
}
