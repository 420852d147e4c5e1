// The files that a command writes where a person says: never over what is there unless they say so, and never over what
// the lab keeps.
import { resolve } from 'node:path'
import { writeFileAtomically } from '#main/platform/disk/files.ts'
import { refuseLabData } from '#main/platform/disk/lab-data.ts'

/** Its absolute path, once it is written. */
export async function writeOutput(
  home: string,
  path: string,
  text: string,
  { overwrite = false }: { overwrite?: boolean },
): Promise<string> {
  const file = resolve(path)
  await refuseLabData(home, file)
  await writeFileAtomically(file, text, { overwrite })
  return file
}
