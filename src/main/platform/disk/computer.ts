// How many cores and how much memory this computer, or the container around us, lets us use.
import * as os from 'node:os'
import { cpuQuota, memoryLimit } from './cgroup.ts'
import { coreSiblings } from './system-files.ts'

/**
 * Physical cores, at least 1: two hyper-threads of one core share its arithmetic, and threads beyond a quota of
 * processor time only wait for each other.
 */
export function usableCores(): number {
  const logical = Math.max(1, os.availableParallelism?.() ?? os.cpus().length) // Electron 22 has none
  const physical = new Set(coreSiblings()).size || logical
  return Math.max(1, Math.min(physical, logical, Math.floor(cpuQuota())))
}

export const usableMemoryBytes = (): number => Math.min(os.totalmem(), memoryLimit())
