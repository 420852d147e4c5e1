// Files of 32-bit numbers that several processes read and write at once: in shared memory where the system has a folder
// for it.
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from './alive.ts'
import { diskFault } from './disk-faults.ts'

/** A file open in one process; offsets and counts are numbers, not bytes. */
export interface NumberFile<T extends Float32Array | Float64Array = Float32Array> {
  read(into: T, offset: number): void
  /** Adds to what is in `into`. */
  add(into: T, offset: number): void
  write(from: T, offset: number): void
  close(): void
}

const sharedMemory = '/dev/shm'
const prefix = 'isoflop-cluster-'

/**
 * Makes a folder with files of so many bytes, all zero: in shared memory where they fit, else among the temporary
 * files. Removes what
 * processes that are gone have left. Throws a Fault where there is no room in either.
 */
export function makeNumberFiles(name: string, bytes: Readonly<Record<string, number>>): string {
  const places = [...(existsSync(sharedMemory) ? [sharedMemory] : []), tmpdir()]
  for (const [i, place] of places.entries()) {
    const folder = join(place, `${prefix}${process.pid}-${name}`)
    try {
      sweep(place)
      mkdirSync(folder, { mode: 0o700 })
      for (const [file, size] of Object.entries(bytes)) fillWithZeros(join(folder, file), size)
      return folder
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      if (i === places.length - 1) throw diskFault(error, 'write', folder)
    }
  }
  throw new Error('there is no place for files')
}

export const removeNumberFiles = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Opens a file that is there. Reading and writing are whole or throw. */
export function openNumbers<T extends Float32Array | Float64Array = Float32Array>(path: string): NumberFile<T> {
  let file = openSync(path, 'r+')
  function read(into: T, offset: number): void {
    const at = offset * into.BYTES_PER_ELEMENT
    for (let done = 0; done < into.byteLength;) {
      const count = readSync(file, into, done, into.byteLength - done, at + done)
      if (count === 0) throw new Error(`${path} ends before ${at + into.byteLength} bytes`)
      done += count
    }
  }
  return {
    read,
    add(into, offset) {
      const addend = into.slice() as T
      read(addend, offset)
      for (let i = 0; i < into.length; i++) into[i] += addend[i]
    },
    write(from, offset) {
      const at = offset * from.BYTES_PER_ELEMENT
      for (let done = 0; done < from.byteLength;) done += writeSync(file, from, done, from.byteLength - done, at + done)
    },
    close() {
      if (file >= 0) closeSync(file)
      file = -1 // its number may soon be another file's
    },
  }
}

/** Really takes the room: a file with a hole would find the memory full only later. */
function fillWithZeros(path: string, bytes: number): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    const zeros = Buffer.alloc(Math.min(bytes, 1 << 20))
    for (let done = 0; done < bytes;) done += writeSync(file, zeros, 0, Math.min(zeros.length, bytes - done), done)
  } finally {
    closeSync(file)
  }
}

function sweep(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : NaN
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid))
      rmSync(join(place, name), { recursive: true, force: true })
  }
}
