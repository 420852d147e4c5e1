// Files that grow line by line; what a crash cut in two is dropped when the file is opened again.
import { promises as fs } from 'node:fs'
import { dirname } from 'node:path'
import { diskFault, isMissing } from './disk-faults.ts'

export interface LineFile {
  /** All of these lines or, where it throws, none of them. */
  append(lines: readonly string[]): Promise<void>
  /** What was appended outlasts a power cut when it returns. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Opens a file for more lines, and gives the whole lines it holds. */
export async function openLineFile(path: string): Promise<{ file: LineFile; lines: string[] }> {
  try {
    await fs.mkdir(dirname(path), { recursive: true })
    const { lines, bytes } = await readWholeLines(path)
    const handle = await fs.open(path, 'a')
    await handle.truncate(bytes)
    let size = bytes
    return {
      lines,
      file: {
        append: async (more) => {
          const data = Buffer.from(more.map((line) => `${line}\n`).join(''))
          try {
            await handle.appendFile(data)
            size += data.length
          } catch (error) {
            // What comes next must not be written behind half a line.
            await handle.truncate(size).catch(() => undefined)
            throw diskFault(error, 'write', path)
          }
        },
        sync: () =>
          handle.sync().catch((error) => {
            throw diskFault(error, 'write', path)
          }),
        close: () => handle.close(),
      },
    }
  } catch (error) {
    throw diskFault(error, 'write', path)
  }
}

/** The whole lines of a file and where they end; none where there is no file. */
export async function readWholeLines(path: string): Promise<{ lines: string[]; bytes: number }> {
  const data = await fs.readFile(path).catch((error) => {
    if (isMissing(error)) return Buffer.alloc(0)
    throw diskFault(error, 'read', path)
  })
  const bytes = data.lastIndexOf(10) + 1
  return { lines: bytes === 0 ? [] : data.toString('utf8', 0, bytes - 1).split('\n'), bytes }
}

/** The bytes of a file from `offset` on; none where there is no file, or it ends before. */
export async function readFrom(path: string, offset: number): Promise<Buffer> {
  const data = await fs.readFile(path).catch((error) => {
    if (isMissing(error)) return Buffer.alloc(0)
    throw diskFault(error, 'read', path)
  })
  return data.subarray(offset)
}
