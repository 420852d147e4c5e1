// A parquet column a page at a time: the packages read whole row groups, which may be larger than memory. Each data
// page is
// handed to them as a small file of its own.
import type { ColumnMetaData, FileMetaData } from 'hyparquet'

export interface PageHeader {
  /** 0 data, 2 dictionary, 3 data of the second version; others are skipped. */
  type: number
  uncompressedBytes: number
  /** Of the page after its header. */
  bytes: number
  rows: number
  headerBytes: number
}

/** Bytes of a file, read where they are asked for. */
export interface Slices {
  slice(start: number, end: number): ArrayBuffer
}

/** Headers grow with the statistics in them; this is far beyond any. */
const longestHeader = 1 << 20

/** One page of a column as a file that hyparquet reads: its dictionary, if it has one, and itself. */
export interface PageFile {
  file: { byteLength: number; slice(start: number, end?: number): ArrayBuffer }
  metadata: FileMetaData
  rows: number
}

/** The data pages of one column of row group `group`. */
export function* pagesOf(
  file: Slices,
  metadata: FileMetaData,
  group: number,
  column: ColumnMetaData,
): Generator<PageFile> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const end = start + Number(column.total_compressed_size)
  let dictionary = new Uint8Array(0)
  for (let at = Math.min(start, Number(column.data_page_offset)); at < end;) {
    const header =
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + (1 << 13))))) ??
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + longestHeader))))
    if (!header || header.bytes < 0 || at + header.headerBytes + header.bytes > end)
      throw new Error(`no page at byte ${at}`)
    const next = at + header.headerBytes + header.bytes
    const isData = header.type === 0 || header.type === 3
    if (header.type === 2) dictionary = new Uint8Array(file.slice(at, next))
    else if (isData && header.rows > 0) yield pageFile(dictionary, new Uint8Array(file.slice(at, next)), header.rows)
    at = next
  }

  function pageFile(dictionaryPage: Uint8Array, page: Uint8Array, rows: number): PageFile {
    const magicBytes = 4 // an offset of 0 would mean: none
    const bytes = new Uint8Array(magicBytes + dictionaryPage.length + page.length)
    bytes.set(dictionaryPage, magicBytes)
    bytes.set(page, magicBytes + dictionaryPage.length)
    const meta: ColumnMetaData = {
      ...column,
      num_values: BigInt(rows),
      dictionary_page_offset: dictionaryPage.length > 0 ? BigInt(magicBytes) : undefined,
      data_page_offset: BigInt(magicBytes + dictionaryPage.length),
      total_compressed_size: BigInt(dictionaryPage.length + page.length),
      statistics: undefined,
    }
    return {
      rows,
      metadata: {
        ...metadata,
        num_rows: BigInt(rows),
        row_groups: [
          { ...metadata.row_groups[group]!, num_rows: BigInt(rows), columns: [{ file_offset: 0n, meta_data: meta }] },
        ],
      },
      file: { byteLength: bytes.length, slice: (from, to = bytes.length) => bytes.buffer.slice(from, to) },
    }
  }
}

/**
 * A page's header, in Thrift's compact protocol (parquet.thrift, PageHeader); null where `bytes` end before it does.
 * Only what is needed is kept.
 */
export function readPageHeader(bytes: Uint8Array): PageHeader | null {
  let at = 0
  const header: PageHeader = { type: -1, uncompressedBytes: 0, bytes: -1, rows: 0, headerBytes: 0 }
  try {
    readStruct((field, value) => {
      if (field === 1) header.type = value
      else if (field === 2) header.uncompressedBytes = value
      else if (field === 3) header.bytes = value
    }, 0)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
  header.headerBytes = at
  return header

  function byte(): number {
    if (at >= bytes.length) throw new RangeError('the header goes on')
    return bytes[at++]!
  }

  function varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const part = byte()
      value += (part & 0x7f) * scale
      if (part < 0x80) return value
    }
  }

  function zigzag(): number {
    const value = varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  function readStruct(take: (field: number, value: number) => void, depth: number): void {
    for (let field = 0; ;) {
      const head = byte()
      if (head === 0) return
      field = head >> 4 === 0 ? zigzag() : field + (head >> 4)
      const type = head & 15
      // The page's own record, 5 or 8, begins with its number of values; version 2 has its rows in field 3.
      const isPage = depth === 0 && (field === 5 || field === 8)
      const value = readValue(type, depth, (inner, number) => {
        if (isPage && inner === (field === 5 ? 1 : 3)) header.rows = number
      })
      take(field, value)
    }
  }

  function readValue(type: number, depth: number, take: (field: number, value: number) => void): number {
    switch (type) {
      case 1:
        return 1
      case 2:
        return 0
      case 3:
        return byte()
      case 4:
      case 5:
      case 6:
        return zigzag()
      case 7:
        at += 8
        return 0
      case 8: {
        const length = varint() // moves `at` itself
        at += length
        return 0
      }
      case 9:
      case 10: {
        const head = byte()
        const count = head >> 4 === 15 ? varint() : head >> 4
        for (let item = 0; item < count; item++) readValue(head & 15, depth + 1, () => {})
        return 0
      }
      case 12:
        readStruct(take, depth + 1)
        return 0
      default:
        throw new Error(`Thrift type ${type} in a page header`)
    }
  }
}
