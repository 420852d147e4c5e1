// Some space kept beside the store, so that things can be deleted on a disk that is full otherwise.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { isDiskFull } from '#shared/fault.ts'

/** What the store's log needs for a few records. */
const reserveBytes = 1 << 19

export interface Reserve {
  /** Does what will free space: where the disk is full, on the space kept for it. Kept again at the next start. */
  spend<T>(work: () => T): T
}

export function keepReserve(path: string): Reserve {
  try {
    if (!existsSync(path)) writeFileSync(path, Buffer.alloc(reserveBytes))
  } catch {
    rmSync(path, { force: true }) // there is no space for it now
  }
  return {
    spend: (work) => {
      try {
        return work()
      } catch (error) {
        if (!isDiskFull(error) || !existsSync(path)) throw error
        rmSync(path)
        return work()
      }
    },
  }
}
