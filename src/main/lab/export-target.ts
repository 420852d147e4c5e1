// Where an export may be written: anywhere but in the lab's own data, of which only `exports` is a person's to fill.
import { basename, dirname, join, sep } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { exists, realPath } from '#main/platform/disk/files.ts'
import { pathIn } from './typed-paths.ts'

/** The absolute path of a target as a person types it; `bad-input` where the lab in `home` keeps its data there. */
export async function exportTarget(home: string, path: string): Promise<string> {
  const target = pathIn(join(home, 'exports'), path)
  const [real, data] = await Promise.all([target, home].map(throughLinks))
  if (`${real}${sep}`.startsWith(`${data}${sep}`) && !real.startsWith(join(data, 'exports') + sep))
    throw new Fault(
      'bad-input',
      `${target.slice(0, 120)} is where the lab keeps its own data. Choose a folder in its exports, or one elsewhere.`,
    )
  return target
}

/** The real path of what may not be there yet: links on the way to it count. */
async function throughLinks(path: string): Promise<string> {
  if ((await exists(path)) || dirname(path) === path) return realPath(path)
  return join(await throughLinks(dirname(path)), basename(path))
}
