// The disk door for whole files and folders: what is written is there entirely or not at all, what is read is there or
// named.
import { createHash } from 'node:crypto'
import { constants, createReadStream, promises as fs } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { largestTextBytes } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import { asideName, forgetAside, isAside, sweepLeftovers } from './asides.ts'
import { diskFault, isMissing } from './disk-faults.ts'

/** Text, bytes, or pieces made while they are written, so that nothing large is held twice. */
export type Contents = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

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

/** A file open for reading at any place. */
export interface OpenFile {
  readonly path: string
  readonly sizeBytes: number
  /** Fills `into` from `offset`; throws `damaged` where the file ends before. */
  readInto(into: Uint8Array, offset: number): Promise<void>
  close(): Promise<void>
}

/**
 * Writes a file aside, syncs it, and renames it into place: after a crash or a full disk the path holds the old file or
 * the new one,
 * never a part. Without `overwrite` an existing file is a `conflict`.
 */
export async function writeFileAtomically(
  path: string,
  contents: Contents,
  { overwrite }: { overwrite: boolean } = { overwrite: true },
): Promise<void> {
  const target = resolve(path)
  const folder = dirname(target)
  if (!overwrite && (await exists(target)))
    throw new Fault('conflict', `${target} exists already. Choose another name, or allow it to be overwritten.`)
  await makeFolder(folder)
  await sweepLeftovers(folder)
  const aside = join(folder, asideName(basename(target), 'writing'))
  try {
    await writeAndSync(aside, contents)
    await fs.rename(aside, target)
    await syncFolder(folder)
  } catch (error) {
    await fs.rm(aside, { force: true }).catch(() => {})
    throw diskFault(error, 'write', target)
  } finally {
    forgetAside(basename(aside))
  }
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

/** Writes and syncs a file in place: for files inside a folder that is itself written aside. */
export async function writeFile(path: string, contents: Contents): Promise<void> {
  await writeAndSync(path, contents).catch((error) => {
    throw diskFault(error, 'write', path)
  })
}

/** Opening a pipe or a device may never end, and reading one may not either. */
async function mustBeFile(path: string): Promise<{ size: number }> {
  const found = await fs.stat(path).catch((error) => {
    throw diskFault(error, 'read', path)
  })
  if (found.isDirectory()) throw new Fault('bad-input', `Could not read ${path}: it is a folder, not a file.`)
  if (!found.isFile()) throw new Fault('bad-input', `Could not read ${path}: it is a pipe or a device, not a file.`)
  return found
}

/** A whole text file. */
export async function readText(path: string): Promise<string> {
  const { size } = await mustBeFile(path)
  if (size > largestTextBytes)
    throw new Fault('too-large', `${path} has ${size} bytes; at most ${largestTextBytes} are read as one text.`)
  return fs.readFile(path, 'utf8').catch((error) => {
    throw diskFault(error, 'read', path)
  })
}

/** A parsed JSON file; one that does not parse is `damaged`. Its shape is still the caller's to check. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path)
  try {
    return parseJson(text)
  } catch (error) {
    throw new Fault('damaged', `${path} ${(error as Error).message}.`, { cause: error })
  }
}

export async function openFile(path: string): Promise<OpenFile> {
  await mustBeFile(path)
  const file = await fs.open(path, 'r').catch((error) => {
    throw diskFault(error, 'read', path)
  })
  const { size } = await file.stat()
  return {
    path,
    sizeBytes: size,
    async readInto(into, offset) {
      for (let done = 0; done < into.byteLength;) {
        const { bytesRead } = await file
          .read(into, done, Math.min(into.byteLength - done, 2 ** 30), offset + done)
          .catch((error) => {
            throw diskFault(error, 'read', path)
          })
        if (bytesRead === 0)
          throw new Fault(
            'damaged',
            `${path} ends at byte ${offset + done}; ${into.byteLength - done} more were expected.`,
          )
        done += bytesRead
      }
    },
    close: () => file.close(),
  }
}

/** SHA-256 in lower-case hex, and the size, without holding the file. */
export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  await mustBeFile(path)
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(piece)
      bytes += piece.byteLength
    }
  } catch (error) {
    throw diskFault(error, 'read', path)
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Names in a folder, sorted; none where there is no folder. What was being written aside is not listed. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await fs.readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw diskFault(error, 'read', folder)
  }
}

export async function exists(path: string): Promise<boolean> {
  return fs.access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

export async function fileBytes(path: string): Promise<number> {
  return fs.stat(path).then(
    ({ size }) => size,
    (error) => {
      throw diskFault(error, 'read', path)
    },
  )
}

export async function makeFolder(folder: string): Promise<void> {
  await fs.mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST'
      ? new Fault('bad-input', `${folder} is a file, not a folder.`, { cause: error })
      : diskFault(error, 'write', folder)
  })
}

/** Gives a file another name in the same folder, replacing what had it. */
export async function moveFile(from: string, to: string): Promise<void> {
  await fs.rename(from, to).catch((error) => {
    throw diskFault(error, 'write', to)
  })
  await syncFolder(dirname(resolve(to)))
}

/** Removes a file; one that is not there is removed already. */
export async function removeFile(path: string): Promise<void> {
  await fs.rm(path, { force: true }).catch((error) => {
    throw diskFault(error, 'remove', path)
  })
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

/** Makes a rename or a new name in a folder last through a power cut; Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
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

/** What a path leads to through its links; the absolute path itself where nothing is there. */
export async function realPath(path: string): Promise<string> {
  return fs.realpath(path).catch(() => resolve(path))
}

/** A failure inside the folder aside, told under the name that the person knows. */
function named(error: unknown, aside: string, target: string): unknown {
  if (!(error instanceof Fault) || !error.message.includes(aside)) return error
  return new Fault(error.code, error.message.replaceAll(aside, target), { cause: error.cause, details: error.details })
}

async function writeAndSync(path: string, contents: Contents): Promise<void> {
  const file = await fs.open(path, 'w')
  try {
    for await (const piece of pieces(contents)) await writeAll(file, piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

function pieces(contents: Contents): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof contents === 'string') return [Buffer.from(contents, 'utf8')]
  return contents instanceof Uint8Array ? [contents] : contents
}

async function writeAll(file: fs.FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.byteLength;) {
    const { bytesWritten } = await file.write(piece, done, Math.min(piece.byteLength - done, 2 ** 30))
    done += bytesWritten
  }
}
