// Text sources: every file behind the paths that a person named, and the bytes of each in blocks.
import { accessSync, closeSync, constants, createReadStream, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { largestUnpackedBytes, mostExpansion } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { diskFault, onDisk } from './text-files.ts'

/** What a file holds, told by its name. */
export type SourceKind = 'text' | 'jsonl' | 'parquet'

export interface SourceFile {
  path: string
  kind: SourceKind
  isGzip: boolean
  bytes: number
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
        else if (!sourceKind(path)) passOver(`Unsupported file type: ${path}.`)
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
        `Unsupported file type: ${path}. Add .txt, .md, .jsonl (field text) and .parquet (column text).`,
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
