// Where an export is written: in the lab's `exports` where its path is not absolute, never in other data of the lab.
import { join } from 'node:path'
import { refuseLabData } from '#main/platform/disk/lab-data.ts'
import { pathIn } from './typed-paths.ts'

/** The absolute path of a target as a person types it; `bad-input` where the lab in `home` keeps its data there. */
export async function exportTarget(home: string, path: string): Promise<string> {
  const target = pathIn(join(home, 'exports'), path)
  await refuseLabData(home, target)
  return target
}
