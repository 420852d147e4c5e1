// What was seen before, told by SHA-256: a compact set that holds 13 bytes of each hash, so that millions of documents
// fit.
const tables = 256
// Of 32 bits in a slot; with the number of the table 104 bits, so that two texts in 10⁸ meet with chance 10⁻¹⁵.
const words = 3

interface Table {
  slots: Uint32Array // [capacity, 3]; a slot of zeros is free
  capacity: number
  used: number
}

/** A set of SHA-256 hashes. Its 256 tables grow one by one, so that growing never doubles the whole. */
export interface HashSet {
  /** Whether `hash` is new; it is in afterwards. */
  add(hash: Uint8Array): boolean
  readonly size: number
  readonly bytes: number
}

export function createHashSet(): HashSet {
  const all: Table[] = Array.from({ length: tables }, () => createTable(16))
  let size = 0
  return {
    add(hash) {
      const number = hash[0]!
      const [a, b, c] = [wordAt(hash, 1), wordAt(hash, 5), wordAt(hash, 9) || 1] // never all zeros
      let table = all[number]!
      if (table.used >= table.capacity * 0.85) table = all[number] = grow(table)
      if (!insert(table, a, b, c)) return false
      size++
      return true
    },
    get size() {
      return size
    },
    get bytes() {
      return all.reduce((sum, table) => sum + table.slots.byteLength, 0)
    },
  }
}

const createTable = (capacity: number): Table => ({ slots: new Uint32Array(capacity * words), capacity, used: 0 })

function insert(table: Table, a: number, b: number, c: number): boolean {
  const { slots, capacity } = table
  for (let slot = a % capacity; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
    const at = slot * words
    if (slots[at + 2] === 0) {
      slots[at] = a
      slots[at + 1] = b
      slots[at + 2] = c
      table.used++
      return true
    }
    if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c) return false
  }
}

function grow(old: Table): Table {
  const table = createTable(Math.ceil(old.capacity * 1.5))
  for (let at = 0; at < old.slots.length; at += words) {
    if (old.slots[at + 2] !== 0) insert(table, old.slots[at]!, old.slots[at + 1]!, old.slots[at + 2]!)
  }
  return table
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
