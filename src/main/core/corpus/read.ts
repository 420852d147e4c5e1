// Every document of a source file in turn, whatever kind of file it is; no more than a few blocks are held.
import { Fault } from '#shared/fault.ts'
import { readBlocks, type SourceFile } from '#main/platform/disk/text-sources.ts'
import { shortened } from '#shared/bounds.ts'
import type { LeftOut } from '#shared/corpus.ts'
import { parsePythonJson } from '#shared/json.ts'
import { cleanText, countReplaced, decodeUtf8, detectEncoding, type Cleaning } from './clean.ts'
import { createCutter, endOfTextMarker, type Cutter, type Grain } from './cut.ts'
import { countRecords, fieldNamed, type Documents, type TextField } from './documents.ts'
import { readParquet } from './parquet.ts'

/** Longest line of a record file. */
const longestRecordBytes = 64 << 20
/** A line of text longer than this is taken in pieces. */
const longestLineBytes = 4 << 20

export function readSource(
  source: SourceFile,
  grain: Grain,
  leftOut: LeftOut,
  field: TextField = fieldNamed(),
): AsyncGenerator<Documents> {
  if (source.kind === 'parquet') return readParquet(source, leftOut, field)
  return source.kind === 'jsonl' ? readJsonLines(source, leftOut, field) : readText(source, grain, leftOut)
}

/**
 * A text file: one document if it is small, else cut by the rules of cut.ts. Its beginning tells whether it is marked.
 */
async function* readText(source: SourceFile, grain: Grain, cleaning: Cleaning): AsyncGenerator<Documents> {
  let cutter: Cutter | null = null
  for await (const { text, doneBytes } of decodeBlocks(source, cleaning)) {
    if (!cutter) {
      const isMarked = text.includes(endOfTextMarker)
      const isWhole = !isMarked && !source.isGzip && source.bytes <= grain.wholeFileBytes
      cutter = createCutter(isWhole ? source.bytes + 1 : grain.length, isMarked)
    }
    yield { documents: cutter.push(text), doneBytes }
  }
  if (cutter) yield { documents: cutter.flush(), doneBytes: source.bytes }
}

/** The text of a file in pieces, in UTF-8 or what its byte-order mark says. */
async function* decodeBlocks(
  source: SourceFile,
  cleaning: Cleaning,
): AsyncGenerator<{ text: string; doneBytes: number }> {
  let wide: InstanceType<typeof TextDecoder> | null = null
  let carriageReturn = ''
  const clean = (text: string) => {
    if (text.includes('\ufffd')) cleaning.replaced += text.split('\ufffd').length - 1
    const whole = carriageReturn + text
    // Its line feed may come with the next piece.
    carriageReturn = whole.endsWith('\r') ? '\r' : ''
    return cleanText(carriageReturn ? whole.slice(0, -1) : whole, cleaning)
  }
  for await (const { bytes, doneBytes, isFirst } of wholeLines(source, longestLineBytes)) {
    const encoding = isFirst ? detectEncoding(bytes, source.path) : null
    if (encoding && encoding.name !== 'utf-8') wide = new TextDecoder(encoding.name)
    if (wide) yield { text: clean(wide.decode(bytes, { stream: true })), doneBytes }
    else yield { text: decodeUtf8(bytes.subarray(encoding?.markBytes ?? 0), cleaning), doneBytes }
  }
  if (wide) yield { text: clean(wide.decode()), doneBytes: source.bytes }
}

/** One JSON object per line, its text in one field; a line without it is passed over. */
async function* readJsonLines(source: SourceFile, leftOut: LeftOut, field: TextField): AsyncGenerator<Documents> {
  let line = 0
  let isInsideLongLine = false
  const records = countRecords(leftOut)
  const where = () => `${source.path}, line ${line}`
  for await (const { bytes: block, doneBytes, isFirst, isTooLong } of wholeLines(source, longestRecordBytes)) {
    let bytes = block
    if (isTooLong) {
      if (!isInsideLongLine) {
        line++
        const why = `${where()} is longer than ${longestRecordBytes >> 20} MiB. Cut it into smaller documents.`
        records.passOver(new Fault('too-large', why))
      }
      isInsideLongLine = true
      continue
    }
    if (isInsideLongLine) bytes = block.subarray(block.indexOf(0x0a) + 1)
    isInsideLongLine = false
    const mark = isFirst ? detectEncoding(bytes, source.path) : null
    if (mark && mark.name !== 'utf-8')
      throw new Fault('bad-input', `${source.path} is not UTF-8 but ${mark.name.toUpperCase()}. Save it as UTF-8.`)
    const text = bytes.toString('utf8', mark?.markBytes ?? 0)
    leftOut.replaced += countReplaced(bytes, text)
    const documents: string[] = []
    // The block ends with a line end, unless it is the file's last.
    const lines = text.split('\n')
    if (lines[lines.length - 1] === '') lines.pop()
    for (const record of lines) {
      line++
      if (record.trim() === '') continue
      const found = textOfRecord(record.replace(/^\ufeff/, ''), where, field)
      if (found instanceof Fault) records.passOver(found)
      else {
        records.taken()
        documents.push(cleanText(found, leftOut).trim())
      }
    }
    yield { documents: documents.filter(Boolean), doneBytes }
  }
  records.finish()
}

/** The text of a line, or why it has none. */
function textOfRecord(record: string, where: () => string, field: TextField): string | Fault {
  let value: unknown
  try {
    value = parsePythonJson(record)
  } catch (error) {
    return new Fault('bad-input', `${where()} is not a JSON object.`, { cause: error, details: String(error) })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Fault('bad-input', `${where()} is not a JSON object.`)
  const text = Object.hasOwn(value, field.name) ? (value as Record<string, unknown>)[field.name] : undefined
  if (typeof text === 'string') return text
  field.others ??= Object.entries(value).flatMap(([name, one]) => (typeof one === 'string' ? [name] : []))
  if (text === undefined) {
    const fields = shortened(Object.keys(value).slice(0, 8).join(', '), 120)
    return new Fault('bad-input', `${where()} has no field ${field.name}; its fields are: ${fields || 'none'}.`)
  }
  return new Fault(
    'bad-input',
    `${where()}: the field ${field.name} is ${text === null ? 'null' : `a ${typeof text}`}, not a string.`,
  )
}

interface Lines {
  bytes: Buffer
  doneBytes: number
  isFirst: boolean
  /** Set where a line reached the limit and was cut; text goes on, records cannot. */
  isTooLong: boolean
}

/**
 * A file's bytes in blocks that end with a line end: no character and no CR LF is ever cut, for both end before one.
 */
async function* wholeLines(source: SourceFile, longestBytes: number): AsyncGenerator<Lines> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isFirst = true
  let lastDone = 0
  for await (const { bytes, doneBytes } of readBlocks(source)) {
    lastDone = doneBytes
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end === 0 && waitingBytes + bytes.length <= longestBytes) {
      waiting.push(bytes)
      waitingBytes += bytes.length
      continue
    }
    let whole = Buffer.concat([...waiting, bytes])
    const cut = end > 0 ? waitingBytes + end : characterEnd(whole)
    const rest = whole.subarray(cut)
    whole = whole.subarray(0, cut)
    const isTooLong = end === 0
    yield { bytes: whole, doneBytes, isFirst, isTooLong }
    isFirst = false
    waiting = [Buffer.from(rest)]
    waitingBytes = rest.length
  }
  if (waitingBytes > 0) yield { bytes: Buffer.concat(waiting), doneBytes: lastDone, isFirst, isTooLong: false }
}

/** Where a character of UTF-8 ends near the end of many bytes, with no CR before it whose LF may follow. */
function characterEnd(bytes: Buffer): number {
  const last = bytes.length - 4
  for (let end = last; end > last - 8; end--) if ((bytes[end]! & 0xc0) !== 0x80 && bytes[end - 1] !== 0x0d) return end
  return last // no UTF-8 at all
}
