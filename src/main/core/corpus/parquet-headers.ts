// The headers of the pages of a parquet column, each held against the bounds and the bytes that are there.
import type { ColumnMetaData } from 'hyparquet'
import { largestPageBytes, mostPageValues } from '#shared/bounds.ts'
import { walkThrift } from './thrift.ts'

/** What a page says before its values (parquet.thrift, PageHeader). */
export interface PageHeader {
  /** 0 data, 2 dictionary, 3 data of the second version; others are skipped. */
  type: number
  uncompressedBytes: number
  /** Of the page after its header. */
  bytes: number
  /** Entries of a dictionary, or values with the empty ones; of a flat column without levels of lists, its rows. */
  values: number
  rows: number
  /** Of `values`; 0 of the first version, which does not say. */
  nulls: number
  /** How its values are written (parquet.thrift, Encoding). */
  encoding: number
  /** Of the second version, whose levels lie before its compressed part. */
  repetitionBytes: number
  definitionBytes: number
  isCompressed: boolean
  headerBytes: number
}

/** Bytes of a file, read where they are asked for. */
export interface Slices {
  readonly byteLength: number
  slice(start: number, end: number): ArrayBuffer
}

/** Headers grow with the statistics in them; this is far beyond any. */
const longestHeader = 1 << 20

/** The headers of a column's pages in turn, and where each page begins. An Error where one claims too much. */
export function* pageHeaders(file: Slices, column: ColumnMetaData): Generator<PageHeader & { at: number }> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const end = start + Number(column.total_compressed_size)
  if (!(start >= 0) || !(end <= file.byteLength)) throw new Error(`a column at bytes ${start} to ${end}`)
  for (let at = start; at < end;) {
    const header =
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + (1 << 13))))) ??
      readPageHeader(new Uint8Array(file.slice(at, Math.min(end, at + longestHeader))))
    if (!header || at + header.headerBytes + header.bytes > end) throw new Error(`no page at byte ${at}`)
    yield { ...header, at }
    at += header.headerBytes + header.bytes
  }
}

export const isData = ({ type }: PageHeader): boolean => type === 0 || type === 3

/** The record of a page's own type in its header, by that type. */
const recordOfType: Record<number, number> = { 0: 5, 2: 7, 3: 8 }

/** A page's header; null where `bytes` end before it does. An Error where it claims more than a page may be. */
function readPageHeader(bytes: Uint8Array): PageHeader | null {
  const fields = new Map<string, number>()
  const headerBytes = walkThrift(bytes, (path, value) => {
    if (path.length <= 2) fields.set(path.join('.'), value)
  })
  if (headerBytes === null) return null
  const type = number('1')
  const uncompressedBytes = number('2', largestPageBytes)
  const compressedBytes = number('3')
  const record = recordOfType[type]
  const header = { type, uncompressedBytes, bytes: compressedBytes, headerBytes, ...withoutValues }
  if (record === undefined) return header
  const values = number(`${record}.1`, mostPageValues)
  if (type === 2) return { ...header, values }
  if (type === 0) return { ...header, values, rows: values, encoding: number('5.2') }
  return {
    ...header,
    values,
    rows: number('8.3', mostPageValues),
    nulls: number('8.2', values),
    encoding: number('8.4'),
    definitionBytes: number('8.5', compressedBytes),
    repetitionBytes: number('8.6', compressedBytes),
    isCompressed: fields.get('8.7') !== 0,
  }

  function number(name: string, most = Infinity): number {
    const value = fields.get(name) ?? -1
    if (value < 0 || value > most) throw new Error(`a page with ${value} as its field ${name}; at most ${most} is read`)
    return value
  }
}

const withoutValues = {
  values: 0,
  rows: 0,
  nulls: 0,
  encoding: 0,
  definitionBytes: 0,
  repetitionBytes: 0,
  isCompressed: true,
}
