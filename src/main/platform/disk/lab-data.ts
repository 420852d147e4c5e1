// Where a person's files may be written: anywhere but in the lab's own data, of which only `exports` is theirs to fill.
import { basename, dirname, join, sep } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { exists, realPath } from './files.ts'

/** `bad-input` where the lab in `home` keeps its data at `target`, an absolute path, or around it. */
export async function refuseLabData(home: string, target: string): Promise<void> {
  const [real, data] = await Promise.all([target, home].map(throughLinks))
  if (`${real}${sep}`.startsWith(`${data}${sep}`) && !real.startsWith(join(data, 'exports') + sep))
    throw new Fault(
      'bad-input',
      `${target.slice(0, 120)} is where the lab keeps its own data. Choose a folder in its exports, or one elsewhere.`,
    )
}

/** The real path of what may not be there yet: links on the way to it count. */
async function throughLinks(path: string): Promise<string> {
  if ((await exists(path)) || dirname(path) === path) return realPath(path)
  return join(await throughLinks(dirname(path)), basename(path))
}
