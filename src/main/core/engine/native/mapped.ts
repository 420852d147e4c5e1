// Files of numbers and of counters mapped into memory by the native library: a copy is one copy, and who waits sleeps
// until a bell rings.
import { counterLineBytes, type Counters } from '#main/platform/disk/counter-files.ts'
import type { NumberFile } from '#main/platform/disk/number-files.ts'
import { type NativeLibrary, nativeLibrary } from './library.ts'

interface Mapping {
  library: NativeLibrary
  at(byte: number, bytes: number): number
  close(): void
}

/** null where the library is not here, or the system does not map files. */
function map(path: string): Mapping | null {
  let library: NativeLibrary
  try {
    library = nativeLibrary()
  } catch {
    return null
  }
  const size = new Float64Array(1)
  let address = library.isf_map(path, size)
  if (address === 0) return null
  return {
    library,
    at(byte, bytes) {
      if (address === 0) throw new Error(`${path} was closed`)
      if (!(byte >= 0 && byte + bytes <= size[0]))
        throw new Error(`${bytes} bytes at ${byte} are not within the ${size[0]} of ${path}`)
      return address + byte
    },
    close() {
      if (address !== 0) library.isf_unmap(address, size[0])
      address = 0
    },
  }
}

/** As `openNumbers` opens it; null where that is not possible here. */
export function mapNumbers(path: string): NumberFile | null {
  const mapping = map(path)
  return (
    mapping && {
      read: (into, offset) =>
        void mapping.library.isf_read(into, mapping.at(4 * offset, into.byteLength), into.byteLength),
      add: (into, offset) => void mapping.library.isf_add(into, mapping.at(4 * offset, into.byteLength), into.length),
      write: (from, offset) =>
        void mapping.library.isf_write(mapping.at(4 * offset, from.byteLength), from, from.byteLength),
      close: () => mapping.close(),
    }
  )
}

/** As `openCounters` opens them; null where that is not possible here. */
export function mapCounters(path: string): Counters | null {
  const mapping = map(path)
  const counter = (line: number, which: number) => mapping!.at(line * counterLineBytes + 8 * which, 8)
  const futex = (line: number) => mapping!.at((line + 1) * counterLineBytes - 8, 4)
  return (
    mapping && {
      load: (line, which) => mapping.library.isf_counter_load(counter(line, which)),
      store: (line, which, value) => void mapping.library.isf_counter_store(counter(line, which), value),
      wake: (line) => void mapping.library.isf_futex_wake(futex(line)),
      wakes: (line) => mapping.library.isf_futex_value(futex(line)),
      wait: (line, wakes, seconds) => void mapping.library.isf_futex_wait(futex(line), wakes, seconds),
      close: () => mapping.close(),
    }
  )
}
