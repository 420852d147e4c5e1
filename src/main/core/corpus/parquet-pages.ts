// A parquet column a page at a time: the packages read whole row groups, which may be larger than memory. Each data
// page is
// handed to them as a small file of its own.
import type { ColumnMetaData, FileMetaData } from 'hyparquet'
import { largestPageBytes, mostPageValues } from '#shared/bounds.ts'
import { walkThrift } from './thrift.ts'

export interface PageHeader {
  /** 0 data, 2 dictionary, 3 data of the second version; others are skipped. */
  type: number
  uncompressedBytes: number
  /** Of the page after its header. */
  bytes: number
  /** Entries of a dictionary, or values with the empty ones; of a flat column without levels of lists, its rows. */
  values: number
  rows: number
  headerBytes: number
}

/** Bytes of a file, read where they are asked for. */
export interface Slices {
  readonly byteLength: number
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

/** The headers of a column's pages in turn, and where each page begins. An Error where one claims too much. */
export function* pageHeaders(file: Slices, column: ColumnMetaData): Generator<PageHeader & { at: number }> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const end = start + Number(column.total_compressed_size)
  const first = Math.min(start, Number(column.data_page_offset))
  if (!(first >= 0) || !(end <= file.byteLength)) throw new Error(`a column at bytes ${first} to ${end}`)
  for (let at = first; at < end;) {
    const header =
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + (1 << 13))))) ??
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + longestHeader))))
    if (!header || header.bytes < 0 || at + header.headerBytes + header.bytes > end)
      throw new Error(`no page at byte ${at}`)
    yield { ...header, at }
    at += header.headerBytes + header.bytes
  }
}

/** The data pages of one column of row group `group`. */
export function* pagesOf(
  file: Slices,
  metadata: FileMetaData,
  group: number,
  column: ColumnMetaData,
): Generator<PageFile> {
  let dictionary = new Uint8Array(0)
  for (const { at, type, rows, headerBytes, bytes } of pageHeaders(file, column)) {
    const isData = type === 0 || type === 3
    const page = () => new Uint8Array(file.slice(at, at + headerBytes + bytes))
    if (type === 2) dictionary = page()
    else if (isData && rows > 0) yield pageFile(dictionary, page(), rows)
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
 * A page's header (parquet.thrift, PageHeader); null where `bytes` end before it does. Only what is needed is kept. An
 * Error where it claims more than a page may be.
 */
function readPageHeader(bytes: Uint8Array): PageHeader | null {
  const header: PageHeader = { type: -1, uncompressedBytes: 0, bytes: -1, values: 0, rows: 0, headerBytes: 0 }
  const length = walkThrift(bytes, ([field, inner, ...deeper], value) => {
    if (field === 1) header.type = value
    else if (field === 2) header.uncompressedBytes = value
    else if (field === 3) header.bytes = value
    if (deeper.length > 0 || inner === undefined) return
    // The page's own record, 5, 7 or 8, begins with its number of values; version 2 has its rows in field 3.
    if (inner === 1 && (field === 5 || field === 7 || field === 8)) header.values = value
    if ((field === 5 && inner === 1) || (field === 8 && inner === 3)) header.rows = value
  })
  if (length === null) return null
  const isWithin = (value: number, most: number) => value >= 0 && value <= most
  if (!isWithin(header.uncompressedBytes, largestPageBytes))
    throw new Error(`a page that becomes ${header.uncompressedBytes} bytes; at most ${largestPageBytes} are read`)
  if (!isWithin(header.values, mostPageValues) || !isWithin(header.rows, mostPageValues))
    throw new Error(`a page of ${Math.max(header.values, header.rows)} values; at most ${mostPageValues} are read`)
  return { ...header, headerBytes: length }
}
