// Tables as CSV (RFC 4180) that a spreadsheet reads as they are meant: text is never split, nor run as a formula.

export type CsvCell = string | number | null | undefined

/**
 * The header, unless these rows follow others, and one line per row. Nothing and what is not finite are empty cells;
 * numbers keep every digit.
 */
export const writeCsv = (header: readonly string[] | null, rows: Iterable<readonly CsvCell[]>): string =>
  [...(header ? [header] : []), ...rows].map((row) => row.map(cellText).join(',') + '\n').join('')

function cellText(cell: CsvCell): string {
  if (typeof cell !== 'string') return cell !== null && Number.isFinite(cell) ? String(cell) : ''
  // The apostrophe is what a spreadsheet itself puts before text that only looks like a formula (OWASP, CSV injection).
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
}
