// Tables on disk: a CSV file read whole, its columns by name.
import { largestTableBytes, mostTableRows, quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { readTextFile } from './text-files.ts'

export interface Table {
  columns: string[]
  /** Rows of cells as text, as long as `columns`. */
  rows: string[][]
  /** Line in the file at which each row begins, from 1. */
  lines: number[]
}

/**
 * Reads a file with a header whose cells are separated by commas, or by semicolons or tabs where the header has none.
 * Throws a Fault that names what is wrong: a missing file, names twice, rows of another length.
 */
export function readTable(path: string): Table {
  return parseTable(readTextFile(path, largestTableBytes), path)
}

/** The same from text. Cells may be quoted; blank lines are left out. */
export function parseTable(text: string, path: string): Table {
  const { rows, lines } = splitCells(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, path)
  if (rows.length === 0) throw new Fault('bad-input', `${path} is empty; the first line must name its columns.`)
  const columns = rows[0].map((name) => name.trim())
  const seen = new Set<string>()
  const twice = columns.find((name) => name !== '' && (seen.has(name) || !seen.add(name)))
  if (twice !== undefined)
    throw new Fault('bad-input', `${path} has two columns called ${quoted(twice)}; rename one of them.`)
  rows.slice(1).forEach((row, i) => {
    if (row.length !== columns.length) {
      throw new Fault(
        'bad-input',
        `Line ${lines[i + 1]} of ${path} has ${row.length} cells, the header has ${columns.length}.`,
      )
    }
  })
  if (rows.length - 1 > mostTableRows)
    throw new Fault('too-large', `${path} has ${rows.length - 1} rows; at most ${mostTableRows} trainings are taken.`)
  if (rows.length === 1) throw new Fault('bad-input', `${path} has column names and no rows.`)
  return { columns, rows: rows.slice(1), lines: lines.slice(1) }
}

/** What separates the names of the header, and so every cell. */
function separatorOf(text: string): string {
  let isQuoted = false
  let isStart = true // of a cell, where alone a quote begins one
  let found: string | undefined
  for (const c of text) {
    if (c === '"' && (isQuoted || isStart)) isQuoted = !isQuoted
    else if (!isQuoted && (c === ',' || c === '\n')) return c === ',' ? c : (found ?? ',')
    else if (!isQuoted && (c === ';' || c === '\t')) found ??= c
    isStart = c === ';' || c === '\t' || (isStart && c === ' ')
  }
  return found ?? ','
}

function splitCells(text: string, path: string): { rows: string[][]; lines: number[] } {
  const separator = separatorOf(text.replace(/^(?:[ \r]*\n)+/, ''))
  const rows: string[][] = []
  const lines: number[] = []
  let row: string[] = []
  let cell = ''
  let isBlank = true // the cell so far, which is not looked through again at every mark
  let isQuoted = false
  let line = 1
  let startLine = 1
  const add = (c: string) => {
    cell += c
    isBlank &&= c.trim() === ''
  }
  const endCell = () => {
    row.push(cell)
    cell = ''
    isBlank = true
  }
  const endRow = () => {
    endCell()
    if (row.length > 1 || row[0].trim() !== '') {
      rows.push(row)
      lines.push(startLine)
    }
    row = []
    startLine = line
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '\n') line++
    if (isQuoted) {
      if (c === '"' && text[i + 1] === '"') add(text[++i])
      else if (c === '"') isQuoted = false
      else add(c)
    } else if (c === '"' && isBlank) {
      cell = ''
      isQuoted = true
    } else if (c === separator) endCell()
    else if (c === '\n') endRow()
    else if (c !== '\r') add(c)
  }
  if (isQuoted)
    throw new Fault(
      'bad-input',
      `${path} has a quotation mark that never closes, opened in the row at line ${startLine}.`,
    )
  if (cell !== '' || row.length > 0) endRow()
  return { rows, lines }
}
