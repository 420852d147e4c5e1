// Whether the texts that a person named are there, asked before a card is made for them.
import { Fault } from '#shared/fault.ts'
import { exists } from '#main/platform/disk/files.ts'

/** The same paths; throws `bad-input` that names the first one where there is nothing. */
export async function textsThere(paths: string[]): Promise<string[]> {
  for (const path of paths)
    if (!(await exists(path))) throw new Fault('bad-input', `paths: there is no file or folder ${path}.`)
  return paths
}
