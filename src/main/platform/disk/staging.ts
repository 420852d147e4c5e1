// Names of files and folders that are not finished yet, and how those that a crash left behind are told from those of a
// living process.
import { promises as fs } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './alive.ts'
import { isMissing } from './disk-faults.ts'

/**
 * `writing`: not complete, worth nothing. `replaced`: the old version, on its way out; worth everything while the new
 * one is not in place.
 */
type StagingKind = 'writing' | 'replaced'

const pattern = /^\.(.+)\.(writing|replaced)-(\d+)-[0-9a-z]+$/
const staleAfterMs = 24 * 60 * 60 * 1000
const ours = new Set<string>()
let count = 0

/** `.NAME.writing-PID-N`: hidden, in the same folder, so that a rename stays on one disk. */
export function stagingName(name: string, kind: StagingKind): string {
  const staging = `.${name}.${kind}-${process.pid}-${(count++).toString(36)}${Math.floor(process.hrtime()[1]).toString(36)}`
  ours.add(staging)
  return staging
}

export const isStaging = (name: string): boolean => pattern.test(name)

export const forgetStaging = (name: string): void => void ours.delete(name)

/**
 * Clears what crashes left in a folder: unfinished things go, and an old version whose new one never arrived comes
 * back.
 */
export async function sweepLeftovers(folder: string): Promise<string[]> {
  const names = await fs.readdir(folder).catch((error) => {
    if (isMissing(error)) return [] as string[]
    throw error
  })
  const swept: string[] = []
  for (const staging of names) {
    const match = pattern.exec(staging)
    if (!match || !(await isLeftover(folder, staging, Number(match[3])))) continue
    const path = join(folder, staging)
    const target = join(folder, match[1])
    if (match[2] === 'replaced' && !names.includes(match[1])) await fs.rename(path, target).catch(() => {})
    else await fs.rm(path, { recursive: true, force: true }).catch(() => {})
    swept.push(staging)
  }
  return swept
}

/**
 * Left by a process that is gone; one that lives keeps its asides, unless its number was merely given again a day
 * later.
 */
async function isLeftover(folder: string, staging: string, pid: number): Promise<boolean> {
  if (ours.has(staging)) return false
  if (pid === process.pid || !isAlive(pid)) return true
  const changedMs = await fs.stat(join(folder, staging)).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  )
  return Date.now() - changedMs > staleAfterMs
}

/** A lab's folders are no deeper than a run's checkpoints. */
const deepest = 4

/** The same below `folder`, through and through. */
export async function sweepFolders(folder: string, depth = 0): Promise<void> {
  await sweepLeftovers(folder)
  if (depth === deepest) return
  for (const entry of await fs.readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await sweepFolders(join(folder, entry.name), depth + 1)
}
