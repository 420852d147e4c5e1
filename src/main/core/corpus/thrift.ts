// Thrift's compact protocol as parquet uses it, walked without building anything: bounded by its own bytes.

/** Structs and lists inside one another; parquet's own records have five. */
const deepest = 16
/** Fields and items in one record: what is built of them takes some hundreds of bytes each. */
const mostValues = 1 << 19

/**
 * Called for every whole number and truth (1 or 0) with the fields on the way to it: [5, 1] is field 1 of the struct in
 * field 5.
 */
export type TakeNumber = (path: readonly number[], value: number) => void

/**
 * Walks one struct and returns how many bytes it takes; null where `bytes` end before it does. A list never has more
 * items than bytes are left, for each takes one at least. An Error where it is no such struct.
 */
export function walkThrift(bytes: Uint8Array, take: TakeNumber = () => {}): number | null {
  let at = 0
  let values = 0
  try {
    struct([])
    return at
  } catch (error) {
    if (error instanceof UnfinishedError) return null
    throw error
  }

  function byte(): number {
    if (at >= bytes.length) throw new UnfinishedError()
    return bytes[at++]!
  }

  function skip(count: number): void {
    if (count > bytes.length - at) throw new UnfinishedError()
    at += count
  }

  function varint(): number {
    let value = 0
    for (let scale = 1, digits = 0; ; scale *= 128, digits++) {
      const part = byte()
      if (digits > 9) throw new Error('a number of more than 64 bits')
      value += (part & 0x7f) * scale
      if (part < 0x80) return value
    }
  }

  function zigzag(): number {
    const value = varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  function struct(path: readonly number[]): void {
    if (path.length > deepest) throw new Error(`records more than ${deepest} deep`)
    for (let field = 0, seen = 0; ;) {
      const head = byte()
      if (head === 0) return
      field = head >> 4 === 0 ? zigzag() : field + (head >> 4)
      // Written twice it would be the first for one reader and the last for another. None that is read is beyond 31.
      if (field > 0 && field < 32) {
        if (seen & (1 << field)) throw new Error(`field ${field} twice`)
        seen |= 1 << field
      }
      value(head & 15, [...path, field], false)
    }
  }

  function value(type: number, path: readonly number[], isItem: boolean): void {
    if (++values > mostValues) throw new Error(`more than ${mostValues} fields`)
    switch (type) {
      case 1: // true, and false: a field's own head says it, an item of a list takes a byte
      case 2:
        if (isItem) byte()
        else take(path, 2 - type)
        return
      case 3:
        byte()
        return
      case 4:
      case 5:
      case 6:
        return take(path, zigzag())
      case 7:
        return skip(8)
      case 8:
        return skip(varint())
      case 9:
      case 10: {
        const head = byte()
        const count = head >> 4 === 15 ? varint() : head >> 4
        if (count > bytes.length - at) throw new UnfinishedError()
        if (path.length > deepest) throw new Error(`lists more than ${deepest} deep`)
        for (let item = 0; item < count; item++) value(head & 15, [...path, item], true)
        return
      }
      case 12:
        return struct(path)
      default:
        throw new Error(`Thrift type ${type}`)
    }
  }
}

class UnfinishedError extends Error {}
