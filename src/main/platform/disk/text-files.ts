// The disk as the text rooms see it: blocks of a source read in turn, and a corpus folder written aside and then
// renamed.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { largestTextBytes } from '#shared/bounds.ts'
import type { Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import { diskFault as systemFault, doingOf } from './disk-faults.ts'
import { forgetStaging, stagingName, sweepLeftovers } from './staging.ts'

export const splits = ['train', 'validation', 'test'] as const satisfies readonly Split[]

/** A failure of the disk in words a person can use. */
export function diskFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error
  const code = (error as NodeJS.ErrnoException)?.code
  const details = error instanceof Error ? error.message : String(error)
  if (code === 'ENOENT') return new Fault('not-found', `${path} does not exist.`, { cause: error, details })
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault('bad-input', `${path} may not be read or written by this user.`, { cause: error, details })
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Fault('disk-full', `The disk is full: ${path} could not be written. Free some space and try again.`, {
      cause: error,
      details,
    })
  const named = systemFault(error, doingOf(error), path)
  return named instanceof Fault
    ? named
    : new Fault('failed', `${path} could not be used: ${details}`, { cause: error, details })
}

export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw diskFault(error, path)
  }
}

/** A file that is read here and there, as parquet wants it. */
export function openForSlices(path: string): {
  byteLength: number
  slice(start: number, end?: number): ArrayBuffer
  close(): void
} {
  if (!onDisk(path, () => statSync(path)).isFile()) throw new Fault('bad-input', `${path} is not a file.`)
  const file = onDisk(path, () => openSync(path, 'r'))
  const byteLength = fstatSync(file).size
  return {
    byteLength,
    slice(start, end = byteLength) {
      const from = start < 0 ? byteLength + start : start
      const buffer = new ArrayBuffer(Math.max(0, Math.min(end, byteLength) - from))
      onDisk(path, () => readFully(file, Buffer.from(buffer), from))
      return buffer
    },
    close: () => closeSync(file),
  }
}

/** Fills `into` from `position`; an Error where the file ends too early. */
export function readFully(file: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.byteLength;) {
    const count = readSync(file, into, done, into.byteLength - done, position + done)
    if (count === 0) throw new Fault('damaged', `A file ends ${into.byteLength - done} bytes too early.`)
    done += count
  }
}

/** A file that grows by pieces, gathered to blocks so that a small piece costs no system call. */
export interface Appender {
  append(bytes: Uint8Array): void
  /** Writes what is left and makes it last. */
  finish(): void
  /** Closes without caring for what is left. */
  abandon(): void
}

export function createAppender(path: string, blockBytes = 1 << 18): Appender {
  const file = onDisk(path, () => openSync(path, 'w'))
  const block = Buffer.allocUnsafeSlow(blockBytes)
  let filled = 0
  let isOpen = true
  const writeFully = (bytes: Uint8Array) =>
    onDisk(path, () => {
      for (let done = 0; done < bytes.byteLength;) done += writeSync(file, bytes, done, bytes.byteLength - done)
    })
  const flush = () => {
    if (filled > 0) writeFully(block.subarray(0, filled))
    filled = 0
  }
  const close = () => {
    if (isOpen) closeSync(file)
    isOpen = false
  }
  return {
    append(bytes) {
      if (filled + bytes.byteLength > blockBytes) flush()
      if (bytes.byteLength > blockBytes) return writeFully(bytes)
      block.set(bytes, filled)
      filled += bytes.byteLength
    },
    finish() {
      flush()
      onDisk(path, () => fsyncSync(file))
      close()
    },
    abandon: close,
  }
}

/**
 * A folder that is filled aside and takes its name only when it is whole; until then the name shows what it showed
 * before.
 */
export interface StagingFolder {
  /** Where to write meanwhile. */
  folder: string
  keep(): void
  discard(): void
}

export function createStagingFolder(folder: string): StagingFolder {
  const parent = dirname(resolve(folder))
  const staging = join(parent, stagingName(basename(folder), 'writing'))
  onDisk(staging, () => mkdirSync(staging, { recursive: true }))
  return {
    folder: staging,
    keep: () =>
      onDisk(folder, () => {
        syncFolder(staging)
        const old = join(parent, stagingName(basename(folder), 'replaced'))
        if (existsSync(folder)) renameSync(folder, old)
        renameSync(staging, folder)
        syncFolder(parent)
        rmSync(old, { recursive: true, force: true })
        for (const name of [staging, old]) forgetStaging(basename(name))
      }),
    discard: () => {
      rmSync(staging, { recursive: true, force: true })
      forgetStaging(basename(staging))
    },
  }
}

/**
 * Waits for a process that fills `folder` aside; where it does not come to its end, what it left of it is taken away.
 */
export async function withoutLeftovers<T>(folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    // What cannot be taken away now is at the next start.
    await sweepLeftovers(dirname(resolve(folder))).catch(() => undefined)
    throw error
  }
}

/** Makes the names in a folder last; not every system can, and those that cannot do not need it. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch {
    // Windows opens no folder.
  }
}

/** Opening a pipe or a device may never end, and nothing else would be done meanwhile. */
export function readTextFile(path: string, mostBytes = largestTextBytes): string {
  const found = onDisk(path, () => statSync(path))
  if (!found.isFile()) throw new Fault('bad-input', `${path} is not a file.`)
  if (found.size > mostBytes)
    throw new Fault('too-large', `${path} has ${found.size} bytes; at most ${mostBytes} are read here.`)
  return onDisk(path, () => readFileSync(path, 'utf8'))
}

export function writeTextFile(path: string, text: string): void {
  onDisk(path, () => {
    writeFileSync(path, text)
    const file = openSync(path, 'r+')
    fsyncSync(file)
    closeSync(file)
  })
}
