// Rows out of a person's files: JSON Lines, a JSON list, or parquet.
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { Fault } from '#shared/fault.ts'
import { readText } from '#main/platform/disk/files.ts'
import { openSlices, readLines } from '#main/platform/disk/row-files.ts'
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
  return (await readLines(path)).map(({ line, text }) => {
    const where = `${path}, line ${line}`
    let row: unknown
    try {
      row = JSON.parse(text)
    } catch (error) {
      throw new Fault('bad-input', `${where} is not JSON: ${(error as Error).message}.`, { cause: error })
    }
    return { row: recordOf(row, where), where }
  })
}

/** A list of records, or a record that holds one, as older data sets are published. */
async function readJsonRows(path: string): Promise<PlacedRow[]> {
  const text = await readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return readJsonLines(path) // lines of JSON under the other name
  }
  if (!Array.isArray(value)) return [{ row: recordOf(value, path), where: `${path}, row 1` }]
  return value.map((row, i) => ({ row: recordOf(row, `${path}, row ${i + 1}`), where: `${path}, row ${i + 1}` }))
}

async function readParquetRows(path: string): Promise<PlacedRow[]> {
  const file = await openSlices(path)
  try {
    const metadata = await parquetMetadataAsync(file)
    const rows = await parquetReadObjects({ file, metadata, compressors, utf8: true })
    return rows.map((row, i) => ({ row: plain(row) as Row, where: `${path}, row ${i + 1}` }))
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('damaged', `${path} is not a whole parquet file.`, { cause: error, details: String(error) })
  } finally {
    await file.close()
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
