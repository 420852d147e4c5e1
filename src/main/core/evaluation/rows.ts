// Rows out of a person's files: JSON Lines, a JSON list, or parquet.
import { parquetReadObjects, type FileMetaData } from 'hyparquet'
import { codecs } from '#main/core/corpus/parquet-codecs.ts'
import { largestRowsBytes } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { JsonError, parsePythonJson } from '#shared/json.ts'
import { readFooter } from '#main/core/corpus/parquet-footer.ts'
import { isData, pageHeaders, type Slices } from '#main/core/corpus/parquet-headers.ts'
import { checkPageValues, columnKind } from '#main/core/corpus/parquet-values.ts'
import { readText } from '#main/platform/disk/files.ts'
import { openForSlices } from '#main/platform/disk/text-files.ts'
import type { PlacedRow, Row } from './items.ts'

/**
 * All rows of a file, each with its place. A file that is not there, cannot be read or is empty is a Fault that says
 * so.
 */
export async function readRows(path: string): Promise<PlacedRow[]> {
  const rows = /\.parquet$/i.test(path)
    ? await readParquetRows(path)
    : /\.json$/i.test(path)
      ? await readJsonRows(path)
      : await readJsonLines(path)
  if (rows.length === 0) throw new Fault('bad-input', `${path} has no rows.`)
  return rows
}

/** The rows of one file, or of several in turn. */
export async function readAllRows(paths: string | readonly string[]): Promise<PlacedRow[]> {
  const rows: PlacedRow[] = []
  for (const path of typeof paths === 'string' ? [paths] : paths) for (const row of await readRows(path)) rows.push(row)
  return rows
}

async function readJsonLines(path: string): Promise<PlacedRow[]> {
  return rowsOfLines(await readText(path), path)
}

/** Lines that are not empty; a byte-order mark, which joining files leaves in their middle, is no part of one. */
function rowsOfLines(text: string, path: string): PlacedRow[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    const where = `${path}, line ${i + 1}`
    try {
      return [{ row: recordOf(parsePythonJson(line), where), where }]
    } catch (error) {
      throw error instanceof JsonError ? new Fault('bad-input', `${where} ${error.message}.`, { cause: error }) : error
    }
  })
}

/** A list of records, or a record that holds one, as older data sets are published. */
async function readJsonRows(path: string): Promise<PlacedRow[]> {
  const text = await readText(path)
  let value: unknown
  try {
    value = parsePythonJson(text)
  } catch {
    return rowsOfLines(text, path) // lines of JSON under the other name
  }
  if (!Array.isArray(value)) return [{ row: recordOf(value, path), where: `${path}, row 1` }]
  return value.map((row, i) => ({ row: recordOf(row, `${path}, row ${i + 1}`), where: `${path}, row ${i + 1}` }))
}

async function readParquetRows(path: string): Promise<PlacedRow[]> {
  const file = openForSlices(path)
  try {
    const { metadata, columns } = readFooter(file)
    checkPages(file, metadata, path)
    const rows: Row[] = []
    for (const { num_rows } of metadata.row_groups) {
      const [rowStart, rowEnd] = [rows.length, rows.length + Number(num_rows)]
      const part: Row[] = Array.from({ length: rowEnd - rowStart }, () => ({}))
      // One after another: of columns that are read side by side a second failure reaches nobody.
      for (const { element } of columns) {
        const options = { file, metadata, compressors: codecs, utf8: true, rowStart, rowEnd, columns: [element.name] }
        const values = await parquetReadObjects(options)
        if (values.length !== part.length) throw new Error(`${values.length} rows of ${part.length}`)
        values.forEach((row, i) => (part[i][element.name] = plain(row[element.name])))
      }
      for (const row of part) rows.push(row)
    }
    return rows.map((row, i) => ({ row, where: `${path}, row ${i + 1}` }))
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('damaged', `${path} is not a whole parquet file.`, { cause: error, details: String(error) })
  } finally {
    file.close()
  }
}

/** All rows are held at once, so what they become is added up before any is read, and every page is gone through. */
function checkPages(file: Slices, metadata: FileMetaData, path: string): void {
  const chunks = metadata.row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data!))
  let becomes = 0
  for (const chunk of chunks) for (const { uncompressedBytes } of pageHeaders(file, chunk)) becomes += uncompressedBytes
  if (becomes > largestRowsBytes)
    throw new Fault(
      'too-large',
      `${path} becomes ${becomes} bytes, and at most ${largestRowsBytes} are read. Write fewer rows into a file.`,
    )
  for (const chunk of chunks) {
    const kind = columnKind(metadata, chunk)
    for (const header of pageHeaders(file, chunk)) {
      const at = header.at + header.headerBytes
      if (isData(header)) checkPageValues(new Uint8Array(file.slice(at, at + header.bytes)), header, kind)
    }
  }
}

function recordOf(value: unknown, where: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  throw new Fault('bad-input', `${where} is no record of fields.`)
}

/** Parquet's whole numbers are BigInts; a label fits a number. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}
