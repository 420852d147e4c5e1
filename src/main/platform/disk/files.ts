// The disk door for whole files and folders: what is written is there entirely or not at all, what is read is there or
// named.
import { createHash } from 'node:crypto'
import { constants, createReadStream, promises as fs } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { largestTextBytes } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import { stagingName, forgetStaging, sweepLeftovers } from './staging.ts'
import { diskFault, isMissing } from './disk-faults.ts'

/** Text, bytes, or pieces made while they are written, so that nothing large is held twice. */
export type Contents = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

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
  const staging = join(folder, stagingName(basename(target), 'writing'))
  try {
    await writeAndSync(staging, contents)
    await fs.rename(staging, target)
    await syncFolder(folder)
  } catch (error) {
    await fs.rm(staging, { force: true }).catch(() => {})
    throw diskFault(error, 'write', target)
  } finally {
    forgetStaging(basename(staging))
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
  await fs.mkdir(folder, { recursive: true }).catch(async (error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST'
      ? new Fault('bad-input', `${folder} is a file, not a folder.`, { cause: error })
      : diskFault(isMissing(error) ? await whyMissing(resolve(folder), error) : error, 'write', folder)
  })
}

/** Of a disk that can only be read, Node says that the folder is not there; the nearest one that is there knows. */
async function whyMissing(folder: string, error: unknown): Promise<unknown> {
  const above = dirname(folder)
  if (above !== folder && !(await exists(above))) return whyMissing(above, error)
  return fs.mkdir(folder).then(
    () => error,
    (reason: unknown) => reason,
  )
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

/** Makes a rename or a new name in a folder last through a power cut; Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What a path leads to through its links; the absolute path itself where nothing is there. */
export async function realPath(path: string): Promise<string> {
  return fs.realpath(path).catch(() => resolve(path))
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
