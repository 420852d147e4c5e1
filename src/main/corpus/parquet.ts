// Documents from the column `text` of a parquet file, a row group at a time.
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { Fault } from '#shared/fault.ts'
import { openForSlices, type SourceFile } from '../storage/text-files.ts'
import { cleanText, type Cleaning } from './clean.ts'
import type { Documents } from './read.ts'

export async function* readParquet(source: SourceFile, cleaning: Cleaning): AsyncGenerator<Documents> {
  const file = openForSlices(source.path)
  try {
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw new Fault('damaged', `${source.path} is not a whole parquet file.`, { cause: error, details: String(error) })
    })
    const columns = parquetSchema(metadata).children.map((child) => child.element.name)
    if (!columns.includes('text')) throw new Fault('bad-input', `${source.path} has no column text; its columns are: ${columns.join(', ')}.`)
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      const rows = await parquetReadObjects({ file, metadata, columns: ['text'], rowStart, rowEnd, compressors }).catch((error: unknown) => {
        throw new Fault('damaged', `${source.path}, rows ${rowStart + 1} to ${rowEnd} cannot be read.`, { cause: error, details: String(error) })
      })
      const documents = rows.map(({ text }, index) => {
        if (typeof text !== 'string') throw new Fault('bad-input', `${source.path}, row ${rowStart + index + 1}: the column text is ${text === null ? 'empty' : `a ${typeof text}`}, not a string.`)
        return cleanText(text, cleaning).trim()
      })
      rowStart = rowEnd
      yield { documents: documents.filter(Boolean), doneBytes: Math.round((source.bytes * rowStart) / Math.max(1, Number(metadata.num_rows))) }
    }
  } finally {
    file.close()
  }
}
