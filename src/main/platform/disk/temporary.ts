// A folder for things that are gone when the work is done.
import { promises as fs } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFault } from './disk-faults.ts'

export async function makeTemporaryFolder(prefix: string): Promise<string> {
  return fs.mkdtemp(join(tmpdir(), prefix)).catch((error) => {
    throw diskFault(error, 'write', tmpdir())
  })
}
