// A parquet column a page at a time: the packages read whole row groups, which may be larger than memory. Each data
// page is handed to them as a small file of its own, after what it says of itself was held against its bytes.
import type { ColumnMetaData, FileMetaData } from 'hyparquet'
import { isData, pageHeaders, type Slices } from './parquet-headers.ts'
import { checkPageValues, columnKind } from './parquet-values.ts'

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
  const kind = columnKind(metadata, column)
  let dictionary = new Uint8Array(0)
  for (const header of pageHeaders(file, column)) {
    const { at, type, rows, headerBytes, bytes } = header
    const page = () => new Uint8Array(file.slice(at, at + headerBytes + bytes))
    if (type === 2) dictionary = page()
    else if (isData(header) && rows > 0) {
      const whole = page()
      checkPageValues(whole.subarray(headerBytes), header, kind)
      yield pageFile(dictionary, whole, rows)
    }
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
