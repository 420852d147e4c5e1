// Documents from one column of a parquet file, a page at a time.
import { parquetReadObjects, type ColumnMetaData } from 'hyparquet'
import { Fault } from '#shared/fault.ts'
import { openForSlices } from '#main/platform/disk/text-files.ts'
import type { SourceFile } from '#main/platform/disk/text-sources.ts'
import { shortened } from '#shared/bounds.ts'
import type { LeftOut } from '#shared/corpus.ts'
import { codecs } from './parquet-codecs.ts'
import { cleanText, decodeUtf8 } from './clean.ts'
import { countRecords, type Documents, type TextField } from './documents.ts'
import { readFooter } from './parquet-footer.ts'
import { pagesOf } from './parquet-pages.ts'

const isText = ({ children, element }: ReturnType<typeof readFooter>['columns'][number]): boolean =>
  children.length === 0 && element.type === 'BYTE_ARRAY'

export async function* readParquet(source: SourceFile, leftOut: LeftOut, field: TextField): AsyncGenerator<Documents> {
  const { path } = source
  const records = countRecords(leftOut)
  const parsers = {
    stringFromBytes: (bytes: Uint8Array) =>
      decodeUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), leftOut),
  }
  const file = openForSlices(path)
  try {
    const { metadata, columns } = footerOf(file)
    const column = columns.find(({ element }) => element.name === field.name)
    if (column?.element.type !== 'BYTE_ARRAY')
      field.others ??= columns.filter(isText).map(({ element }) => element.name)
    if (!column)
      throw new Fault(
        'bad-input',
        `${path} has no column ${field.name}; its columns are: ${shortened(columns.map(({ element }) => element.name).join(', '), 200)}.`,
      )
    if (column.children.length > 0 || column.element.type !== 'BYTE_ARRAY')
      throw new Fault('bad-input', `${path}: the column ${field.name} does not hold text.`)
    let row = 0
    for (let group = 0; group < metadata.row_groups.length; group++) {
      const { columns: chunks, num_rows } = metadata.row_groups[group]!
      const meta = chunks.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === field.name)?.meta_data
      if (!meta) throw damaged(row, row + Number(num_rows))
      const groupEnd = row + Number(num_rows)
      for (const texts of readPages(group, meta, row, groupEnd)) {
        const from = row
        const rows = await texts
        const documents = rows.map((text, index) => {
          if (typeof text !== 'string') {
            const why = `${path}, row ${from + index + 1}: the column ${field.name} is empty (null).`
            records.passOver(new Fault('bad-input', why))
            return ''
          }
          records.taken()
          return cleanText(text, leftOut).trim()
        })
        row += rows.length
        yield {
          documents: documents.filter(Boolean),
          doneBytes: Math.floor((source.bytes * row) / Math.max(1, Number(metadata.num_rows))),
        }
      }
      if (row !== groupEnd) throw damaged(row, groupEnd)
    }
    records.finish()

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
        yield parquetReadObjects({ ...page.value, columns: [field.name], compressors: codecs, parsers }).then(
          (rows) => rows.map((row) => row[field.name] as unknown),
          (error: unknown) => {
            throw damaged(from, to, error)
          },
        )
      }
    }
  } finally {
    file.close()
  }

  function footerOf(slices: typeof file): ReturnType<typeof readFooter> {
    try {
      return readFooter(slices)
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('damaged', `${path} is not a whole parquet file.`, { cause: error, details: String(error) })
    }
  }

  function damaged(from: number, to: number, cause?: unknown): Fault {
    return new Fault('damaged', `${path}, rows ${from + 1} to ${to} cannot be read.`, {
      cause,
      details: cause === undefined ? undefined : String(cause),
    })
  }
}
