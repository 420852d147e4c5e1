// The safetensors format: a length, a JSON header that says where each tensor lies, and the numbers, little-endian.
import { largestHeaderBytes } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { type OpenFile, openFile } from '#main/platform/disk/files.ts'
import { fromFloat32, isPrintableName, otherDtypeBytes, storedToFloat32, type StoredDtype } from './dtypes.ts'
import { type Dtype, dtypeBytes } from './number-formats.ts'

export interface NamedTensor {
  name: string
  shape: number[]
  data: Float32Array
}

export interface TensorEntry {
  name: string
  dtype: StoredDtype
  shape: number[]
  /** Where it lies, counted from the end of the header. */
  beginByte: number
  endByte: number
}

export interface SafetensorsFile {
  readonly metadata: Record<string, string>
  /** In the order in which they lie in the file. */
  readonly tensors: readonly TensorEntry[]
  /**
   * One tensor as fp32; half-precision numbers are widened exactly. Masks and counters cannot be read: `unavailable`.
   */
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}

/** Bytes a number, of every format the files know. */
const storedBytes = new Map<string, number>(Object.entries({ ...dtypeBytes, ...otherDtypeBytes }))

/**
 * The bytes of the file, piece by piece, in fp32 or rounded to a half-precision format, tensors in the given order from
 * where they are: no second copy of a model in memory.
 */
export function* safetensorsPieces(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
  dtype: Dtype = 'F32',
): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const { name, shape, data } of tensors) {
    const elements = shape.reduce((product, length) => product * length, 1)
    if (elements !== data.length)
      throw new Error(`${name}: shape [${shape}] makes ${elements} numbers, ${data.length} are given`)
    if (name in header) throw new Error(`${name} is given twice`)
    header[name] = { dtype, shape, data_offsets: [offset, (offset += data.length * dtypeBytes[dtype])] }
  }
  const text = JSON.stringify(header)
  const unpadded = Buffer.byteLength(text)
  const length = Math.ceil(unpadded / 8) * 8 // so that the numbers begin on a multiple of 8
  const head = Buffer.alloc(8 + length, ' ')
  head.writeBigUInt64LE(BigInt(length))
  head.write(text, 8)
  yield head
  for (const { name, data } of tensors) if (data.length > 0) yield fromFloat32(data, dtype, name)
}

/** All tensors of a file as fp32. Anything that contradicts itself is `damaged`, with the tensor or the byte named. */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Map<string, NamedTensor>; metadata: Record<string, string> }> {
  const file = await openSafetensors(path)
  try {
    const tensors = new Map<string, NamedTensor>()
    for (const { name, shape } of file.tensors) tensors.set(name, { name, shape, data: await file.read(name) })
    return { tensors, metadata: file.metadata }
  } finally {
    await file.close()
  }
}

/** Reads and checks the header; tensors are read one at a time as they are asked for. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path)
  try {
    const { dataByte, header } = await readHeader(file)
    const { metadata, tensors } = parseHeader(path, header, file.sizeBytes - dataByte)
    const byName = new Map(tensors.map((entry) => [entry.name, entry]))
    return {
      metadata,
      tensors,
      async read(name) {
        const entry = byName.get(name)
        if (!entry) throw new Fault('damaged', `${path} holds no tensor named ${name}.`)
        const bytes = new Uint8Array(entry.endByte - entry.beginByte)
        await file.readInto(bytes, dataByte + entry.beginByte)
        return storedToFloat32(bytes, entry.dtype, name)
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readHeader(file: OpenFile): Promise<{ dataByte: number; header: string }> {
  const damaged = (what: string) => new Fault('damaged', `${file.path} is not a whole safetensors file: ${what}.`)
  if (file.sizeBytes < 8) throw damaged(`it has ${file.sizeBytes} bytes, and the header's length alone takes 8`)
  const prefix = Buffer.alloc(8)
  await file.readInto(prefix, 0)
  const length = prefix.readBigUInt64LE()
  if (length > BigInt(largestHeaderBytes))
    throw damaged(`the header claims ${length} bytes, and ${largestHeaderBytes} is the most that is allowed`)
  const headerBytes = Number(length)
  if (8 + headerBytes > file.sizeBytes)
    throw damaged(`the header claims ${headerBytes} bytes, and the file ends at byte ${file.sizeBytes}`)
  const bytes = new Uint8Array(headerBytes)
  await file.readInto(bytes, 8)
  try {
    return { dataByte: 8 + headerBytes, header: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    throw damaged('its header is not UTF-8')
  }
}

/** Checks a header against itself and against the bytes that follow it. */
export function parseHeader(
  path: string,
  text: string,
  dataBytes: number,
): { metadata: Record<string, string>; tensors: TensorEntry[] } {
  const damaged = (what: string) => new Fault('damaged', `${path} is damaged: ${what}.`)
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (error) {
    throw damaged(`its header is not valid JSON (${(error as Error).message})`)
  }
  if (!isRecord(header)) throw damaged('its header is not a table of tensors')
  const tensors: TensorEntry[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, damaged)
    else tensors.push(parseEntry(name, value, damaged))
  }
  tensors.sort((a, b) => a.beginByte - b.beginByte || a.endByte - b.endByte)
  let reached = 0
  for (const { name, beginByte, endByte } of tensors) {
    if (endByte > dataBytes) throw damaged(`tensor ${name} ends at byte ${endByte} of the data, which has ${dataBytes}`)
    if (beginByte < reached)
      throw damaged(`tensor ${name} begins at byte ${beginByte}, inside the one before it, which ends at ${reached}`)
    if (beginByte > reached) throw damaged(`bytes ${reached} to ${beginByte} before tensor ${name} belong to no tensor`)
    reached = endByte
  }
  if (reached !== dataBytes)
    throw damaged(
      `${dataBytes - reached} bytes after the last tensor, from byte ${reached} of the data, belong to no tensor`,
    )
  return { metadata, tensors }
}

function parseEntry(name: string, value: unknown, damaged: (what: string) => Fault): TensorEntry {
  if (!isPrintableName(name)) throw damaged(`a tensor has a name of ${name.length} characters that cannot be read`)
  if (!isRecord(value)) throw damaged(`the header's entry for tensor ${name} is not a record`)
  const { dtype, shape, data_offsets: offsets } = value
  const size = typeof dtype === 'string' ? storedBytes.get(dtype) : undefined
  if (size === undefined)
    throw damaged(`tensor ${name} has the number format ${JSON.stringify(dtype)}; F32, F16, BF16 and F64 can be read`)
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw damaged(`tensor ${name} has the shape ${JSON.stringify(shape)}`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw damaged(`tensor ${name} has the offsets ${JSON.stringify(offsets)}`)
  const [beginByte, endByte] = offsets as [number, number]
  const elements = (shape as number[]).reduce((product, length) => product * length, 1)
  const expected = elements * size
  if (!Number.isSafeInteger(expected) || endByte - beginByte !== expected) {
    throw damaged(
      `tensor ${name} of shape [${shape}] in ${dtype} takes ${expected} bytes, and its offsets span ${endByte - beginByte}`,
    )
  }
  return { name, dtype: dtype as StoredDtype, shape: shape as number[], beginByte, endByte }
}

function parseMetadata(value: unknown, damaged: (what: string) => Fault): Record<string, string> {
  if (!isRecord(value)) throw damaged('its metadata is not a table')
  for (const [key, text] of Object.entries(value))
    if (typeof text !== 'string') throw damaged(`its metadata ${key} is not text`)
  return value as Record<string, string>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
