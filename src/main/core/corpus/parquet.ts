// Documents from the column `text` of a parquet file, a page at a time.
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type ColumnMetaData } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { Fault } from '#shared/fault.ts'
import { openForSlices, type SourceFile } from '#main/platform/disk/text-files.ts'
import { cleanText, decodeUtf8, type Cleaning } from './clean.ts'
import { pagesOf } from './parquet-pages.ts'
import type { Documents } from './documents.ts'

export async function* readParquet(source: SourceFile, cleaning: Cleaning): AsyncGenerator<Documents> {
  const { path } = source
  const parsers = {
    stringFromBytes: (bytes: Uint8Array) =>
      decodeUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), cleaning),
  }
  const file = openForSlices(path)
  try {
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw new Fault('damaged', `${path} is not a whole parquet file.`, { cause: error, details: String(error) })
    })
    const columns = parquetSchema(metadata).children
    const column = columns.find(({ element }) => element.name === 'text')
    if (!column)
      throw new Fault(
        'bad-input',
        `${path} has no column text; its columns are: ${columns.map(({ element }) => element.name).join(', ')}.`,
      )
    if (column.children.length > 0 || column.element.type !== 'BYTE_ARRAY')
      throw new Fault('bad-input', `${path}: the column text does not hold text.`)
    let row = 0
    for (let group = 0; group < metadata.row_groups.length; group++) {
      const { columns: chunks, num_rows } = metadata.row_groups[group]!
      const meta = chunks.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === 'text')?.meta_data
      if (!meta) throw damaged(row, row + Number(num_rows))
      const groupEnd = row + Number(num_rows)
      for (const texts of readPages(group, meta, row, groupEnd)) {
        const from = row
        const documents = (await texts).map((text, index) => {
          if (typeof text !== 'string')
            throw new Fault('bad-input', `${path}, row ${from + index + 1}: the column text is empty (null).`)
          return cleanText(text, cleaning).trim()
        })
        row += documents.length
        yield {
          documents: documents.filter(Boolean),
          doneBytes: Math.floor((source.bytes * row) / Math.max(1, Number(metadata.num_rows))),
        }
      }
      if (row !== groupEnd) throw damaged(row, groupEnd)
    }

    function* readPages(group: number, meta: ColumnMetaData, from: number, to: number): Generator<Promise<unknown[]>> {
      const pages = pagesOf(file, metadata, group, meta)
      for (;;) {
        let page: IteratorResult<ReturnType<typeof pagesOf> extends Generator<infer P> ? P : never>
        try {
          page = pages.next()
        } catch (error) {
          throw damaged(from, to, error)
        }
        if (page.done) return
        yield parquetReadObjects({ ...page.value, columns: ['text'], compressors, parsers }).then(
          (rows) => rows.map(({ text }) => text as unknown),
          (error: unknown) => {
            throw damaged(from, to, error)
          },
        )
      }
    }
  } finally {
    file.close()
  }

  function damaged(from: number, to: number, cause?: unknown): Fault {
    return new Fault('damaged', `${path}, rows ${from + 1} to ${to} cannot be read.`, {
      cause,
      details: cause === undefined ? undefined : String(cause),
    })
  }
}
