// What a parquet page claims of its values, held against its bytes before hyparquet decodes them: a run of a few bytes
// may claim two thousand million values, a text may begin with as many letters of the one before, and hyparquet makes
// what is claimed. https://parquet.apache.org/docs/file-format/data-pages/encodings/
import { parquetSchema, type ColumnMetaData, type FileMetaData } from 'hyparquet'
import { codecs } from './parquet-codecs.ts'
import { largestPageBytes, mostPageValues } from '#shared/bounds.ts'
import type { PageHeader } from './parquet-headers.ts'

/** What decides how the pages of a column are written. */
export interface ColumnKind {
  codec: ColumnMetaData['codec']
  type: ColumnMetaData['type']
  /** Bytes of one value, where all have the same. */
  valueBytes: number
  /** How deep its lists go, and how deep what may be missing. */
  repetition: number
  definition: number
}

/** By parquet.thrift, Encoding. */
const encodings = {
  plainDictionary: 2,
  runs: 3,
  delta: 5,
  deltaLengths: 6,
  deltaTexts: 7,
  runsOfDictionary: 8,
  split: 9,
}

/** An Error where the schema has no such column. */
export function columnKind(metadata: FileMetaData, { codec, type, path_in_schema }: ColumnMetaData): ColumnKind {
  let at = parquetSchema(metadata)
  let repetition = Number(at.element.repetition_type === 'REPEATED')
  let definition = 0
  for (const name of path_in_schema) {
    const child = at.children.find(({ element }) => element.name === name)
    if (!child) throw new Error(`a column ${name} that is not in the schema`)
    repetition += Number(child.element.repetition_type === 'REPEATED')
    definition += Number(child.element.repetition_type !== 'REQUIRED')
    at = child
  }
  return { codec, type, valueBytes: at.element.type_length ?? 8, repetition, definition }
}

/** An Error where a data page, `bytes` after its header, claims more values or longer ones than it can hold. */
export function checkPageValues(bytes: Uint8Array, header: PageHeader, kind: ColumnKind): void {
  const { data, values } = header.type === 0 ? afterLevels(bytes, header, kind) : besideLevels(bytes, header, kind)
  switch (header.encoding) {
    case encodings.runs:
      if (kind.type === 'BOOLEAN') checkRuns(data.subarray(4), 1, values)
      else checkRuns(data.subarray(1), data[0] ?? 0, values)
      return
    case encodings.plainDictionary:
    case encodings.runsOfDictionary:
      checkRuns(data.subarray(1), data[0] ?? 0, values)
      return
    case encodings.delta:
    case encodings.deltaLengths:
      return void readDeltaHead(data)
    case encodings.deltaTexts:
      return checkTexts(data, values)
    case encodings.split:
      if (!(values * kind.valueBytes <= largestPageBytes)) throw new Error(`values of ${kind.valueBytes} bytes`)
  }
}

/** What lies in a page after its levels, and how many values that is. */
interface PageValues {
  data: Uint8Array
  values: number
}

/** Of the first version: levels of lists and of what is missing, each after its length, all of it packed. */
function afterLevels(bytes: Uint8Array, header: PageHeader, kind: ColumnKind): PageValues {
  let data = decompressed(bytes, header.uncompressedBytes, kind)
  let { values } = header
  for (const deepest of [kind.repetition, kind.definition]) {
    if (deepest === 0) continue
    values = checkRuns(data.subarray(4), bitsOf(deepest), header.values, deepest)
    const length = data.length < 4 ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0, true)
    data = data.subarray(4 + length)
  }
  return { data, values: kind.definition > 0 ? values : header.values }
}

/** Of the second version, which says their lengths in its header and does not pack them. */
function besideLevels(bytes: Uint8Array, header: PageHeader, kind: ColumnKind): PageValues {
  const { repetitionBytes, definitionBytes, values, nulls } = header
  if (kind.repetition > 0) checkRuns(bytes, bitsOf(kind.repetition), values)
  if (kind.definition > 0) checkRuns(bytes.subarray(repetitionBytes), bitsOf(kind.definition), values)
  const data = bytes.subarray(repetitionBytes + definitionBytes)
  const becomes = header.uncompressedBytes - repetitionBytes - definitionBytes
  return { data: header.isCompressed ? decompressed(data, becomes, kind) : data, values: values - nulls }
}

const bitsOf = (deepest: number): number => 32 - Math.clz32(deepest)

function decompressed(bytes: Uint8Array, becomes: number, { codec }: ColumnKind): Uint8Array {
  if (codec === 'UNCOMPRESSED') return bytes
  const decompress = codecs[codec]
  if (!decompress || becomes < 0) throw new Error(`a page of ${codec} that becomes ${becomes} bytes`)
  return decompress(bytes, becomes)
}

/**
 * Goes through runs of one value and groups of eight packed ones, while values are wanted and bytes are left. How many
 * are `counted`.
 */
function checkRuns(bytes: Uint8Array, bits: number, values: number, counted = -1): number {
  const reader = { bytes, at: 0 }
  let found = 0
  for (let seen = 0; seen < values && reader.at < bytes.length;) {
    const head = readVarint(reader)
    const isPacked = head % 2 === 1
    const count = Math.floor(head / 2) * (isPacked ? 8 : 1)
    // What is packed is filled up; a run ends where the page does.
    if (count > (isPacked ? mostPageValues : values - seen))
      throw new Error(`a run of ${count} values in a page of ${values}`)
    const wanted = Math.min(count, values - seen)
    if (!isPacked) found += bitsAt(bytes, reader.at * 8, bits) === counted ? wanted : 0
    else if (counted >= 0)
      for (let place = 0; place < wanted; place++)
        found += Number(bitsAt(bytes, reader.at * 8 + place * bits, bits) === counted)
    seen += count
    reader.at += isPacked ? Math.max(1, (count * bits) / 8) : Math.ceil(bits / 8)
  }
  return found
}

interface Reader {
  bytes: Uint8Array
  at: number
}

/** At most 32 bits: hyparquet's own numbers wrap there. */
function readVarint(reader: Reader): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    if (reader.at >= reader.bytes.length) throw new Error('a number beyond the page')
    const part = reader.bytes[reader.at++]!
    value += (part & 0x7f) * scale
    if (value > 0xffffffff || scale > 2 ** 28) throw new Error('a number of more than 32 bits')
    if (part < 0x80) return value
  }
}

/** Of DELTA_BINARY_PACKED, from `at` to its first block. */
function readDeltaHead(bytes: Uint8Array, at = 0): { reader: Reader; perPart: number; parts: number } {
  const reader = { bytes, at }
  const [block, parts] = [readVarint(reader), readVarint(reader)]
  if (parts === 0 || parts > bytes.length || block % parts !== 0 || block > mostPageValues)
    throw new Error(`blocks of ${block} values in ${parts} parts`)
  readVarint(reader)
  return { reader, perPart: block / parts, parts }
}

/** Whole numbers of 32 bits in DELTA_BINARY_PACKED, and where they end. */
function readDeltas(bytes: Uint8Array, at: number, values: number): { numbers: Int32Array; end: number } {
  const { reader, perPart, parts } = readDeltaHead(bytes, at)
  const numbers = new Int32Array(values)
  let value = readZigzag(reader)
  let count = 0
  if (values > 0) numbers[count++] = value
  while (count < values) {
    const least = readZigzag(reader)
    const widths = bytes.subarray(reader.at, (reader.at += parts))
    for (let part = 0; part < parts && count < values; part++) {
      const bits = widths[part] ?? 0
      if (reader.at + (perPart * bits) / 8 > bytes.length) throw new Error('numbers beyond the page')
      for (let place = 0; place < perPart && count < values; place++) {
        value = (value + least + bitsAt(bytes, reader.at * 8 + place * bits, bits)) | 0
        numbers[count++] = value
      }
      reader.at += (perPart * bits) / 8
    }
  }
  return { numbers, end: reader.at }
}

function readZigzag(reader: Reader): number {
  const value = readVarint(reader)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** The lower 32 of `bits` bits, least first. */
function bitsAt(bytes: Uint8Array, from: number, bits: number): number {
  let value = 0
  for (let bit = 0; bit < Math.min(bits, 32); bit++) {
    const at = from + bit
    value |= ((bytes[at >> 3]! >> (at & 7)) & 1) << bit
  }
  return value
}

/** Of DELTA_BYTE_ARRAY: how much of the text before each begins with, then the lengths of the rest. */
function checkTexts(bytes: Uint8Array, values: number): void {
  const kept = readDeltas(bytes, 0, values)
  const added = readDeltas(bytes, kept.end, values)
  let [before, total] = [0, 0]
  for (let i = 0; i < values; i++) {
    const length = kept.numbers[i]! + added.numbers[i]!
    if (kept.numbers[i]! < 0 || kept.numbers[i]! > before || added.numbers[i]! < 0)
      throw new Error(`a text that begins with ${kept.numbers[i]} bytes of one of ${before}`)
    before = length
    total += length
    if (total > largestPageBytes) throw new Error(`texts of more than ${largestPageBytes} bytes in a page`)
  }
}
