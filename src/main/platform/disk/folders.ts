// Whole folders: written aside and put in place as one, replaced only where that is allowed, removed as one.
import { constants, promises as fs } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { asideName, forgetAside, isAside, sweepLeftovers } from './asides.ts'
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
  fill: (aside: string) => Promise<void>,
  rules: Overwrite,
): Promise<void> {
  const target = await realPath(folder)
  const parent = dirname(target)
  await checkReplaceable(target, rules)
  if (await mustKeepItsPlace(target)) return fillInPlace(target, fill)
  await makeFolder(parent)
  await sweepLeftovers(parent)
  const aside = join(parent, asideName(basename(target), 'writing'))
  const old = join(parent, asideName(basename(target), 'replaced'))
  try {
    await fs.mkdir(aside)
    await fill(aside)
    await syncFolder(aside)
    await checkReplaceable(target, rules)
    const isReplacing = await exists(target)
    if (isReplacing) await fs.rename(target, old)
    try {
      await fs.rename(aside, target)
    } catch (error) {
      if (isReplacing) await fs.rename(old, target)
      throw error
    }
    await syncFolder(parent)
    if (isReplacing) await fs.rm(old, { recursive: true, force: true })
  } catch (error) {
    throw named(diskFault(error, 'write', target), aside, target)
  } finally {
    await fs.rm(aside, { recursive: true, force: true }).catch(() => {})
    forgetAside(basename(aside))
    forgetAside(basename(old))
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
async function fillInPlace(target: string, fill: (aside: string) => Promise<void>): Promise<void> {
  await sweepLeftovers(target)
  const aside = join(target, asideName('all', 'writing'))
  const old = join(target, asideName('before', 'writing'))
  const move = async (from: string, to: string, names: readonly string[]): Promise<void> => {
    for (const name of names) await fs.rename(join(from, name), join(to, name))
  }
  try {
    await fs.mkdir(aside)
    await fill(aside)
    const before = await listFolder(target)
    const made = await fs.readdir(aside)
    await fs.mkdir(old)
    try {
      await move(target, old, before)
      await move(aside, target, made)
    } catch (error) {
      const [moved, kept] = [await listFolder(target), await fs.readdir(old)]
      await move(
        target,
        aside,
        moved.filter((name) => made.includes(name) && !kept.includes(name)),
      )
      await move(old, target, kept)
      throw error
    }
    await syncFolder(target)
  } catch (error) {
    throw named(diskFault(error, 'write', target), aside, target)
  } finally {
    for (const folder of [aside, old]) {
      await fs.rm(folder, { recursive: true, force: true }).catch(() => {})
      forgetAside(basename(folder))
    }
  }
}

/** Removes a folder as a whole: it is renamed aside first, so that a crash leaves no half of it under its name. */
export async function removeFolder(folder: string): Promise<void> {
  const target = resolve(folder)
  const aside = join(dirname(target), asideName(basename(target), 'writing'))
  try {
    await fs.rename(target, aside)
    await fs.rm(aside, { recursive: true, force: true })
  } catch (error) {
    if (!isMissing(error)) throw diskFault(error, 'remove', target)
  } finally {
    forgetAside(basename(aside))
  }
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
  names = names.filter((name) => !isAside(name))
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
function named(error: unknown, aside: string, target: string): unknown {
  if (!(error instanceof Fault) || !error.message.includes(aside)) return error
  return new Fault(error.code, error.message.replaceAll(aside, target), { cause: error.cause, details: error.details })
}
