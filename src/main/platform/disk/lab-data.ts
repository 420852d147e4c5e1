// What a lab keeps in its folder, and where a person's files may be written: anywhere but there, and in its `exports`.
import { basename, dirname, join, relative, sep } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { exists, realPath } from './files.ts'

/** Whether a lab has a folder of that name in its own. */
export const isLabFolder = (name: string): boolean =>
  /^(clusters|corpora|evaluations|exports|hub|machines|models|openness|runs|tasks|tokens|uploads|window)$/.test(name)

/** The same of a folder or a file. */
export const isLabData = (name: string): boolean =>
  isLabFolder(name) || /^((isoflop\.db|lab\.lock).*|open\.html)$/.test(name)

/** `bad-input` where the lab in `home` keeps its data at `target`, an absolute path, or around it. */
export async function refuseLabData(home: string, target: string): Promise<void> {
  const [real, data] = await Promise.all([target, home].map(throughLinks))
  const [name, ...below] = relative(data, real).split(sep)
  if (name === '' || (isLabData(name) && !(name === 'exports' && below.length > 0)))
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
