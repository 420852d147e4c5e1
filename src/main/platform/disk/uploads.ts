// Files that a browser sends to the lab's machine: each in a folder of its own, under a name that cannot lead
// elsewhere.
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Transform } from 'node:stream'
import { longestFileNameBytes } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { diskFault } from './disk-faults.ts'

/** What would command a terminal, or turn the direction of a line. */
const isControl = (character: string): boolean => /[\p{Cc}\p{Bidi_Control}]/u.test(character)

/**
 * The last part of a name without anything a file sybase minds; never empty, never hidden, at most 120 bytes with its
 * ending kept.
 */
export function safeFileName(name: string): string {
  const last = name.split(/[\\/]/).pop() ?? ''
  const plain = [...last]
    .map((character) => (isControl(character) || '<>:"|?*'.includes(character) ? '_' : character))
    .join('')
    .replace(/^[. ]+|[. ]+$/g, '')
  if (plain === '') return 'text'
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(plain)?.[0] ?? ''
  const base = beginning(plain.slice(0, plain.length - ending.length), longestFileNameBytes - ending.length)
  // Windows keeps these names for devices, with any ending.
  return (/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(base) ? `_${base}` : base) + ending
}

/** The whole characters in the first `bytes` bytes of a text. */
const beginning = (text: string, bytes: number): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true })

export interface Upload {
  /** `home`/uploads. */
  folder: string
  /** Tells two uploads of one name apart. */
  id: string
  name: string
  body: Readable
  maxBytes: number
}

/**
 * Streams the body to disk and returns the file's path. What did not arrive whole is removed; too long is a Fault
 * `too-large`.
 */
export async function receiveUpload({ folder, id, name, body, maxBytes }: Upload): Promise<string> {
  const place = join(folder, id)
  const path = join(place, safeFileName(name))
  let bytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes)
        done(
          new Fault(
            'too-large',
            `The file is larger than ${maxBytes} bytes, the most this door takes. Add it by its path instead.`,
          ),
        )
      else done(null, chunk)
    },
  })
  try {
    await mkdir(place, { recursive: true })
    await pipeline(body, count, createWriteStream(`${path}.part`, { flags: 'wx' }))
    await rename(`${path}.part`, path)
    return path
  } catch (error) {
    await rm(place, { recursive: true, force: true }).catch(() => undefined)
    throw diskFault(error, 'write', path)
  }
}

/** A file the person named in a dialog, which has asked before overwriting. */
export async function writeSavedFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes)
}
