// Weights in PyTorch's own files: a zip of storages and a pickle that says which part of which storage is which tensor.
import { Fault } from '#shared/fault.ts'
import { type OpenFile, openFile } from '#main/platform/disk/files.ts'
import { isPrintableName, storedToFloat32, type StoredDtype } from './dtypes.ts'
import { readPickle } from './pickle.ts'
import { PickleCall, PickleError, PickleGlobal, PickleReference, type PickleWords } from './pickle-values.ts'
import type { WeightsFile } from './weights-file.ts'
import { readZip, type ZipEntry } from './zip.ts'

const storages: Record<string, { dtype: StoredDtype; bytes: number }> = {
  FloatStorage: { dtype: 'F32', bytes: 4 },
  HalfStorage: { dtype: 'F16', bytes: 2 },
  BFloat16Storage: { dtype: 'BF16', bytes: 2 },
  DoubleStorage: { dtype: 'F64', bytes: 8 },
  LongStorage: { dtype: 'I64', bytes: 8 },
  IntStorage: { dtype: 'I32', bytes: 4 },
  ShortStorage: { dtype: 'I16', bytes: 2 },
  CharStorage: { dtype: 'I8', bytes: 1 },
  ByteStorage: { dtype: 'U8', bytes: 1 },
  BoolStorage: { dtype: 'BOOL', bytes: 1 },
}
const rebuildTensor = 'torch._utils _rebuild_tensor_v2'
const rebuildParameter = 'torch._utils _rebuild_parameter'
const words: PickleWords = {
  tables: new Set(['collections OrderedDict']),
  calls: new Set([rebuildTensor, rebuildParameter]),
  names: new Set(Object.keys(storages).map((name) => `torch ${name}`)),
}
/** A pickle of names and shapes; the numbers lie beside it. */
const largestPickleBytes = 64 << 20

/** Where a tensor's numbers are: a walk with strides over one storage. */
interface StoredTensor {
  name: string
  dtype: StoredDtype
  itemBytes: number
  shape: number[]
  strides: number[]
  /** Numbers before the first. */
  offset: number
  entry: ZipEntry
}

/**
 * Opens and checks a file; no code of the pickle is run. Anything that contradicts itself is `damaged`, with the tensor
 * or the byte named.
 */
export async function openTorchFile(path: string): Promise<WeightsFile> {
  const file = await openFile(path)
  try {
    const tensors = await readTensors(file)
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
    return {
      tensors,
      async read(name) {
        const tensor = byName.get(name)
        if (!tensor) throw new Fault('damaged', `${path} holds no tensor named ${name}.`)
        return readTensor(file, tensor)
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readTensors(file: OpenFile): Promise<StoredTensor[]> {
  const damaged = (what: string, cause?: unknown) =>
    new Fault('damaged', `${file.path} cannot be used: ${what}.`, { cause })
  const start = Buffer.alloc(Math.min(2, file.sizeBytes))
  await file.readInto(start, 0)
  if (start.toString('latin1') !== 'PK') {
    throw damaged(
      start[0] === 0x80
        ? 'PyTorch wrote it before version 1.6, in a format of its own; load and save it once with a newer one, or use model.safetensors'
        : 'it is no PyTorch file',
    )
  }
  const entries = await readZip(file)
  const pickle = [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  if (!pickle) throw damaged('it has no data.pkl')
  if (pickle.bytes > largestPickleBytes)
    throw damaged(`its data.pkl has ${pickle.bytes} bytes, which is more than names and shapes need`)
  const folder = pickle.name.slice(0, -'data.pkl'.length)
  const order = entries.get(`${folder}byteorder`)
  if (order && (order.bytes !== 6 || (await bytesAt(file, order.beginByte, 6)).toString('latin1') !== 'little'))
    throw damaged('its numbers are not little-endian')
  let value: unknown
  try {
    value = readPickle(await bytesAt(file, pickle.beginByte, pickle.bytes), words)
  } catch (error) {
    if (error instanceof PickleError)
      throw damaged(`its data.pkl asks for what is never done here: ${error.message}`, error)
    throw error
  }
  if (!(value instanceof Map)) throw damaged('its data.pkl holds no table of tensors')
  if (value.get('model') instanceof Map)
    throw damaged(
      'it is the checkpoint of a training loop such as nanoGPT’s, with the weights under "model"; load them into a GPT2LMHeadModel and save that with save_pretrained',
    )
  return [...value].map(([name, tensor]) =>
    storedTensor(String(name), tensor, (key) => entries.get(`${folder}data/${key}`), damaged),
  )
}

function storedTensor(
  name: string,
  value: unknown,
  entryOf: (key: string) => ZipEntry | undefined,
  damaged: (what: string) => Fault,
): StoredTensor {
  if (!isPrintableName(name)) throw damaged(`a tensor has a name of ${name.length} characters that cannot be read`)
  const inner = value instanceof PickleCall && value.name === rebuildParameter ? value.args[0] : value
  if (!(inner instanceof PickleCall) || inner.name !== rebuildTensor) throw damaged(`${name} is no tensor`)
  const [reference, offset, shape, strides] = inner.args
  const id = reference instanceof PickleReference ? reference.id : null
  const [kind, storageClass, key, , count] = Array.isArray(id) ? id : []
  const storage = storageClass instanceof PickleGlobal ? storages[storageClass.name.slice('torch '.length)] : undefined
  if (kind !== 'storage' || !storage || typeof key !== 'string' || !isCount(count))
    throw damaged(`${name} names no storage`)
  if (!isPrintableName(key)) throw damaged(`${name} lies in a storage whose name cannot be read`)
  const entry = entryOf(key)
  if (!entry)
    throw damaged(`${name} lies in the storage ${JSON.stringify(key.slice(0, 40))}, which the file does not have`)
  if (entry.bytes !== count * storage.bytes)
    throw damaged(
      `${name} lies in a storage of ${count} ${storage.dtype} numbers, and ${entry.name} has ${entry.bytes} bytes`,
    )
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length)
    throw damaged(`${name} has no shape that can be read`)
  const elements = shape.reduce((product, length) => product * length, 1)
  const reach = elements === 0 ? 0 : offset + shape.reduce((sum, length, i) => sum + (length - 1) * strides[i], 0) + 1
  if (!(elements <= count) || !(reach <= count))
    throw damaged(
      `${name} of shape [${shape.join(', ')}] from number ${offset} on does not fit its storage of ${count}`,
    )
  return {
    name,
    dtype: storage.dtype,
    itemBytes: storage.bytes,
    shape: [...shape],
    strides: [...strides],
    offset,
    entry,
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 8 && value.every(isCount)

async function readTensor(
  file: OpenFile,
  { name, dtype, itemBytes, shape, strides, offset, entry }: StoredTensor,
): Promise<Float32Array> {
  const elements = shape.reduce((product, length) => product * length, 1)
  if (elements === 0) return new Float32Array(0)
  const span = shape.reduce((sum, length, i) => sum + (length - 1) * strides[i], 0) + 1
  const numbers = storedToFloat32(
    await bytesAt(file, entry.beginByte + offset * itemBytes, span * itemBytes),
    dtype,
    name,
  )
  if (isDense(shape, strides)) return numbers
  const gathered = new Float32Array(elements)
  const at = shape.map(() => 0)
  for (let i = 0, from = 0; i < elements; i++) {
    gathered[i] = numbers[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]
      if (++at[axis] < shape[axis]) break
      from -= strides[axis] * shape[axis]
      at[axis] = 0
    }
  }
  return gathered
}

/** Row after row, without gaps. */
function isDense(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]
  }
  return true
}

async function bytesAt(file: OpenFile, from: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count)
  await file.readInto(bytes, from)
  return bytes
}
