// Rewrites one folder again and again until it is killed, for the test that kills it.
import { join } from 'node:path'
import { writeFile } from '#main/platform/disk/files.ts'
import { writeFolderAtomically } from '#main/platform/disk/folders.ts'

for (let round = 0; ; round++) {
  await writeFolderAtomically(
    process.argv[2],
    async (aside) => {
      for (const name of ['a', 'b', 'c'])
        await writeFile(join(aside, name), String(round).padStart(9, '0').repeat(20000))
    },
    { overwrite: true },
  )
  if (round === 0) console.log('going')
}
