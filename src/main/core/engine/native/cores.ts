// How many physical cores this machine lets us use: two hyper-threads of one core share its arithmetic.
import { cpus } from 'node:os'
import { coreSiblings } from '#main/platform/disk/system-files.ts'

/** Physical cores, at least 1; logical ones where the system does not tell them apart. */
export function physicalCores(): number {
  const logical = Math.max(1, cpus().length)
  const physical = new Set(coreSiblings()).size
  return physical > 0 ? Math.min(physical, logical) : logical
}
