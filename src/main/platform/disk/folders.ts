// Whole folders: written aside and put in place as one, replaced only where that is allowed, removed as one.
import { constants, promises as fs } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { stagingName, forgetStaging, isStaging, sweepLeftovers } from './staging.ts'
import { diskFault, isMissing } from './disk-faults.ts'
import { exists, listFolder, makeFolder, realPath, syncFolder } from './files.ts'

/** Whether something that exists may be replaced. */
export interface Overwrite {
  overwrite: boolean
  /**
   * Folders only: the names an older version of the folder may hold. Anything else in it is a person's, and is never
   * replaced.
   */
  replaceable?: (name: string) => boolean
  /** Folders only: a name without which the folder is a person's, whatever else it holds. */
  marker?: string
}

/**
 * Lets `fill` write a whole folder aside in the same parent, syncs it, and renames it into place. Whatever goes wrong,
 * the folder is the
 * old one or the new one, and nothing half-written stays. Without `overwrite` a folder that is not empty is a
 * `conflict`.
 */
export async function writeFolderAtomically(
  folder: string,
  fill: (staging: string) => Promise<void>,
  rules: Overwrite,
): Promise<void> {
  const target = await realPath(folder)
  const parent = dirname(target)
  await checkReplaceable(target, rules)
  if (await mustKeepItsPlace(target)) return fillInPlace(target, fill)
  await makeFolder(parent)
  await sweepLeftovers(parent)
  const staging = join(parent, stagingName(basename(target), 'writing'))
  const old = join(parent, stagingName(basename(target), 'replaced'))
  try {
    await fs.mkdir(staging)
    await fill(staging)
    await syncFolder(staging)
    await checkReplaceable(target, rules)
    const isReplacing = await exists(target)
    if (isReplacing) await fs.rename(target, old)
    try {
      await fs.rename(staging, target)
    } catch (error) {
      if (isReplacing) await fs.rename(old, target)
      throw error
    }
    await syncFolder(parent)
    if (isReplacing) await fs.rm(old, { recursive: true, force: true })
  } catch (error) {
    throw named(diskFault(error, 'write', target), staging, target)
  } finally {
    await fs.rm(staging, { recursive: true, force: true }).catch(() => {})
    forgetStaging(basename(staging))
    forgetStaging(basename(old))
  }
}

/**
 * Whether a folder cannot be renamed, or should not be: others stand in it, something is mounted on it, or its parent
 * cannot be written. Where it is empty there is nothing to keep whole, so it is filled rather than replaced.
 */
async function mustKeepItsPlace(target: string): Promise<boolean> {
  const [own, around] = await Promise.all([fs.stat(target), fs.stat(dirname(target))]).catch(() => [null, null])
  if (!own?.isDirectory() || !around) return false
  const canRename = await fs.access(dirname(target), constants.W_OK).then(
    () => true,
    () => false,
  )
  return own.dev !== around.dev || !canRename || target === process.cwd() || (await listFolder(target)).length === 0
}

/** As a rename of the whole, but file by file inside the folder, which stays the same one. */
async function fillInPlace(target: string, fill: (staging: string) => Promise<void>): Promise<void> {
  await sweepLeftovers(target)
  const staging = join(target, stagingName('all', 'writing'))
  const old = join(target, stagingName('before', 'writing'))
  const move = async (from: string, to: string, names: readonly string[]): Promise<void> => {
    for (const name of names) await fs.rename(join(from, name), join(to, name))
  }
  try {
    await fs.mkdir(staging)
    await fill(staging)
    const before = await listFolder(target)
    const made = await fs.readdir(staging)
    await fs.mkdir(old)
    try {
      await move(target, old, before)
      await move(staging, target, made)
    } catch (error) {
      const [moved, kept] = [await listFolder(target), await fs.readdir(old)]
      await move(
        target,
        staging,
        moved.filter((name) => made.includes(name) && !kept.includes(name)),
      )
      await move(old, target, kept)
      throw error
    }
    await syncFolder(target)
  } catch (error) {
    throw named(diskFault(error, 'write', target), staging, target)
  } finally {
    for (const folder of [staging, old]) {
      await fs.rm(folder, { recursive: true, force: true }).catch(() => {})
      forgetStaging(basename(folder))
    }
  }
}

/** Removes a folder as a whole: it is renamed aside first, so that a crash leaves no half of it under its name. */
export async function removeFolder(folder: string): Promise<void> {
  const target = resolve(folder)
  const staging = join(dirname(target), stagingName(basename(target), 'writing'))
  try {
    await fs.rename(target, staging)
    await fs.rm(staging, { recursive: true, force: true })
  } catch (error) {
    if (!isMissing(error)) throw diskFault(error, 'remove', target)
  } finally {
    forgetStaging(basename(staging))
  }
}

/** What all files below a folder take, 0 where it is not there. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory()
        ? folderBytes(path)
        : fs.lstat(path).then(
            ({ size }) => size,
            () => 0,
          )
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function checkReplaceable(target: string, { overwrite, replaceable, marker }: Overwrite): Promise<void> {
  let names: string[]
  try {
    names = await fs.readdir(target)
  } catch (error) {
    if (isMissing(error)) return
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR')
      throw new Fault('conflict', `${target} is a file; a folder is to be written there.`)
    throw diskFault(error, 'read', target)
  }
  // What a killed process was writing here is nobody's.
  names = names.filter((name) => !isStaging(name))
  if (names.length === 0) return
  if (!overwrite)
    throw new Fault(
      'conflict',
      `${target} exists and is not empty. Choose another folder, or allow it to be overwritten.`,
    )
  const foreign =
    (replaceable && names.find((name) => !replaceable(name))) ??
    (marker !== undefined && !names.includes(marker) ? names[0] : undefined)
  if (foreign)
    throw new Fault(
      'conflict',
      `${target} holds ${foreign}, which did not come from here, so it is not overwritten. Choose another folder.`,
    )
}

/** A failure inside the folder aside, told under the name that the person knows. */
function named(error: unknown, staging: string, target: string): unknown {
  if (!(error instanceof Fault) || !error.message.includes(staging)) return error
  return new Fault(error.code, error.message.replaceAll(staging, target), {
    cause: error.cause,
    details: error.details,
  })
}
