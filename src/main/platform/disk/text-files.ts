// The disk as the text rooms see it: blocks of a source read in turn, and a corpus folder written aside and then
// renamed.
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Split } from '#shared/corpus.ts'
import { largestUnpackedBytes, mostExpansion } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { diskFault as systemFault } from './disk-faults.ts'

export const splits = ['train', 'validation', 'test'] as const satisfies readonly Split[]

/** What a file holds, told by its name. */
export type SourceKind = 'text' | 'jsonl' | 'parquet'

export interface SourceFile {
  path: string
  kind: SourceKind
  isGzip: boolean
  bytes: number
}

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
  const named = systemFault(error, 'read', path)
  return named instanceof Fault
    ? named
    : new Fault('failed', `${path} could not be used: ${details}`, { cause: error, details })
}

function onDisk<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw diskFault(error, path)
  }
}

/** Kind of a file by its name; null for what the lab does not read. */
function sourceKind(path: string): { kind: SourceKind; isGzip: boolean } | null {
  const match = /\.(txt|text|md|jsonl|ndjson|parquet)(\.gz)?$/i.exec(path)
  if (!match) return null
  const extension = match[1]!.toLowerCase()
  const kind = extension === 'parquet' ? 'parquet' : extension === 'jsonl' || extension === 'ndjson' ? 'jsonl' : 'text'
  if (kind === 'parquet' && match[2]) return null
  return { kind, isGzip: Boolean(match[2]) }
}

/**
 * Every file behind `paths`, in the order of the names, each once. Folders are searched through and through, hidden
 * entries left out; what in them is of another kind or cannot be read is told to `passOver`.
 * Faults: a path that is not there, a file of a kind the lab does not read, a folder without text.
 */
export function listSources(paths: string[], passOver: (why: string) => void = () => {}): SourceFile[] {
  const found = new Map<string, SourceFile>()
  const addFile = (path: string, bytes: number): boolean => {
    const kind = sourceKind(path)
    if (kind) found.set(path, { path, ...kind, bytes })
    return kind !== null
  }
  const addFolder = (folder: string): number => {
    let files = 0
    for (const entry of onDisk(folder, () => readdirSync(folder, { withFileTypes: true }))) {
      if (entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      try {
        if (entry.isDirectory()) files += addFolder(path)
        else if (!sourceKind(path)) passOver(`${path} is of a kind the lab does not read.`)
        else {
          // A link to a file is followed; one to a folder is not, for it may lead in a circle.
          const stat = onDisk(path, () => statSync(path))
          onDisk(path, () => accessSync(path, constants.R_OK))
          if (stat.isFile() && addFile(path, stat.size)) files++
          else passOver(`${path} is not a file.`)
        }
      } catch (error) {
        passOver(diskFault(error, path).message)
      }
    }
    return files
  }
  for (const given of paths) {
    const path = resolve(given)
    const stat = onDisk(path, () => statSync(path))
    if (stat.isDirectory()) {
      if (addFolder(path) === 0)
        throw new Fault('bad-input', `The folder ${path} holds no text: no .txt, .md, .jsonl or .parquet file.`)
    } else if (!stat.isFile() || !addFile(path, stat.size)) {
      throw new Fault(
        'bad-input',
        `${path} is of a kind the lab does not read. It reads .txt, .md, .jsonl (field text) and .parquet (column text).`,
      )
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The bytes of a text source in blocks of about 1 MiB, with how many bytes of the file have been read so far. */
export async function* readBlocks(source: SourceFile): AsyncGenerator<{ bytes: Buffer; doneBytes: number }> {
  const blockBytes = 1 << 20
  if (source.isGzip) {
    const file = createReadStream(source.path, { highWaterMark: 1 << 18 })
    const unpacked = createGunzip({ chunkSize: blockBytes })
    pipeline(file, unpacked, () => {}) // a failure reaches the loop below, for it destroys `unpacked`
    try {
      let unpackedBytes = 0
      for await (const bytes of unpacked as AsyncIterable<Buffer>) {
        unpackedBytes += bytes.length
        if (unpackedBytes > largestUnpackedBytes && unpackedBytes > mostExpansion * source.bytes)
          throw new Fault(
            'too-large',
            `${source.path} becomes more than ${mostExpansion} times as large when it is unpacked. If that is right, unpack it and add the file.`,
          )
        yield { bytes, doneBytes: file.bytesRead }
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException)?.code ?? ''
      if (code.startsWith('Z_'))
        throw new Fault('damaged', `${source.path} is not a whole gzip file.`, { cause: error, details: String(error) })
      throw diskFault(error, source.path)
    } finally {
      file.destroy()
    }
    return
  }
  const file = onDisk(source.path, () => openSync(source.path, 'r'))
  try {
    for (let doneBytes = 0; ;) {
      const bytes = Buffer.allocUnsafeSlow(blockBytes)
      const count = onDisk(source.path, () => readSync(file, bytes, 0, blockBytes, null))
      if (count === 0) return
      doneBytes += count
      yield { bytes: bytes.subarray(0, count), doneBytes }
    }
  } finally {
    closeSync(file)
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
export interface FolderAside {
  /** Where to write meanwhile. */
  folder: string
  keep(): void
  discard(): void
}

export function createFolderAside(folder: string): FolderAside {
  const aside = `${folder}.partial`
  removeLeftovers(folder)
  onDisk(aside, () => mkdirSync(aside, { recursive: true }))
  return {
    folder: aside,
    keep: () =>
      onDisk(folder, () => {
        syncFolder(aside)
        const old = `${folder}.old`
        rmSync(old, { recursive: true, force: true })
        if (existsSync(folder)) renameSync(folder, old)
        renameSync(aside, folder)
        syncFolder(dirname(resolve(folder)))
        rmSync(old, { recursive: true, force: true })
      }),
    discard: () => rmSync(aside, { recursive: true, force: true }),
  }
}

/**
 * Takes away what a killed process left of a folder that was being written aside; what the folder held last is there
 * afterwards.
 */
export function removeLeftovers(folder: string): void {
  // Killed between the two renames of `keep`.
  if (!existsSync(folder) && existsSync(`${folder}.old`)) onDisk(folder, () => renameSync(`${folder}.old`, folder))
  for (const path of [`${folder}.partial`, `${folder}.old`])
    onDisk(path, () => rmSync(path, { recursive: true, force: true }))
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

export function readTextFile(path: string): string {
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
