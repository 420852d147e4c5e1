// A model as one GGUF file, the format of llama.cpp: settings and tokenizer in front, then the tensors.
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters } from '#shared/family/shape.ts'
import { exists, moveFile, openFile, removeFile, writeFileAtomically } from '#main/platform/disk/files.ts'
import { bytesToVisible } from '#main/core/tokenizer/bytes.ts'
import { endOfTextContent, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { fromFloat32 } from './dtypes.ts'
import { foldScales } from './fold.ts'

export interface GgufExport {
  model: ModelPlan
  parameters: ReadonlyMap<string, Float32Array>
  tokenizer: Tokenizer
  name: string
  path: string
  /** F16 narrows the matrices; vectors and positions stay F32, as llama.cpp's own converter leaves them. */
  dtype: 'F32' | 'F16'
  overwrite: boolean
}

/** How llama.cpp writes the kinds of values; tensors are padded to a multiple of `alignment`. */
const valueKind = { u32: 4, f32: 6, text: 8, list: 9, i32: 5 } as const
const alignment = 32
const tensorKind = { F32: 0, F16: 1 } as const
const version = 3

interface GgufTensor {
  name: string
  /** Innermost first. */
  shape: number[]
  dtype: 'F32' | 'F16'
  data: () => Float32Array
}

/**
 * Writes the file aside, reads its tensors back, compares them, and gives it its name. Without `overwrite` an existing
 * file is a `conflict`.
 */
export async function exportGguf(request: GgufExport): Promise<{ path: string; bytes: number }> {
  const tensors = ggufTensors(request)
  const head = Buffer.concat([...header(request, tensors)])
  let bytes = head.length
  for (const { shape, dtype } of tensors) bytes += padded(tensorBytes(shape, dtype))
  if (!request.overwrite && (await exists(request.path)))
    throw new Fault('conflict', `${request.path} exists already. Choose another name, or allow it to be overwritten.`)
  // Compared under a name of its own: what differs never stands under the one that was asked for.
  const unproven = `${request.path}.unproven`
  try {
    await writeFileAtomically(unproven, pieces(head, tensors))
    await compare(unproven, head.length, tensors)
    await moveFile(unproven, request.path)
  } catch (error) {
    await removeFile(unproven)
    throw error
  }
  return { path: request.path, bytes }
}

function* pieces(head: Buffer, tensors: readonly GgufTensor[]): Generator<Uint8Array> {
  yield head
  for (const { name, dtype, data } of tensors) {
    const bytes = fromFloat32(data(), dtype, name)
    yield bytes
    const gap = padded(bytes.byteLength) - bytes.byteLength
    if (gap > 0) yield new Uint8Array(gap)
  }
}

const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment
const tensorBytes = (shape: readonly number[], dtype: 'F32' | 'F16'): number =>
  shape.reduce((product, length) => product * length, 1) * (dtype === 'F32' ? 4 : 2)

/** Names of llama.cpp by ours, for one block. */
const blockNames: Record<string, string> = {
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
}

function ggufName(name: string): string {
  if (name === 'wte.weight') return 'token_embd.weight'
  if (name === 'wpe.weight') return 'position_embd.weight'
  if (name.startsWith('ln_f.')) return name.replace('ln_f', 'output_norm')
  const [, block, place, kind] = /^h\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)!
  return `blk.${block}.${blockNames[place]}.${kind}`
}

function ggufTensors({ model, parameters, dtype }: GgufExport): GgufTensor[] {
  const folded = foldScales(model, parameters)
  return listParameters(model.shape).map(({ name, shape, kind }) => {
    const data = folded.get(name)
    if (!data) throw new Fault('damaged', `The checkpoint lacks ${name}, so it cannot be exported.`)
    const isLinear = (kind === 'matrix' || kind === 'residual') && shape.length === 2
    // Ours lie [in, out]; llama.cpp wants each output's weights side by side.
    return {
      name: ggufName(name),
      dtype: shape.length === 2 && kind !== 'position' ? dtype : 'F32',
      shape: isLinear ? [shape[0], shape[1]] : [...shape].reverse(),
      data: isLinear ? () => transposed(data, shape[0], shape[1]) : () => data,
    }
  })
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]
  return out
}

function* header({ model, tokenizer, name, dtype }: GgufExport, tensors: readonly GgufTensor[]): Generator<Buffer> {
  const { shape } = model
  const settings = [
    text('general.architecture', 'gpt2'),
    text('general.name', name),
    whole('general.file_type', dtype === 'F32' ? 0 : 1),
    whole('general.alignment', alignment),
    whole('gpt2.context_length', shape.context),
    whole('gpt2.embedding_length', shape.width),
    whole('gpt2.feed_forward_length', 4 * shape.width),
    whole('gpt2.block_count', shape.layers),
    whole('gpt2.attention.head_count', shape.heads),
    real('gpt2.attention.layer_norm_epsilon', 1e-5),
    ...vocabulary(tokenizer, shape.vocabulary),
  ]
  yield Buffer.concat([Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(settings.length), ...settings])
  let offset = 0
  const infos: Buffer[] = []
  for (const { name: tensor, shape: lengths, dtype: kind } of tensors) {
    infos.push(string(tensor), u32(lengths.length), ...lengths.map(u64), u32(tensorKind[kind]), u64(offset))
    offset += padded(tensorBytes(lengths, kind))
  }
  const written =
    24 + settings.reduce((sum, { length }) => sum + length, 0) + infos.reduce((sum, { length }) => sum + length, 0)
  yield Buffer.concat([...infos, Buffer.alloc(padded(written) - written)])
}

/** Tokens in their visible letters; what the model knows beyond the tokenizer is filled up. */
function vocabulary({ table }: Tokenizer, count: number): Buffer[] {
  const tokens = Array.from({ length: count }, (_, id) =>
    id === table.endOfText
      ? endOfTextContent
      : id < table.tokens.length
        ? bytesToVisible(table.tokens[id])
        : `[PAD${id}]`,
  )
  const [normal, control, unused] = [1, 3, 5]
  const kinds = tokens.map((_, id) => (id === table.endOfText ? control : id < table.tokens.length ? normal : unused))
  const merges = Array.from(
    table.merged,
    (_, rank) => `${tokens[table.pairs[2 * rank]]} ${tokens[table.pairs[2 * rank + 1]]}`,
  )
  return [
    text('tokenizer.ggml.model', 'gpt2'),
    text('tokenizer.ggml.pre', 'gpt-2'),
    list('tokenizer.ggml.tokens', valueKind.text, tokens.map(string)),
    list('tokenizer.ggml.token_type', valueKind.i32, kinds.map(u32)),
    list('tokenizer.ggml.merges', valueKind.text, merges.map(string)),
    whole('tokenizer.ggml.bos_token_id', table.endOfText),
    whole('tokenizer.ggml.eos_token_id', table.endOfText),
  ]
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const string = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(bytes.length), bytes])
}
const text = (key: string, value: string): Buffer => Buffer.concat([string(key), u32(valueKind.text), string(value)])
const whole = (key: string, value: number): Buffer => Buffer.concat([string(key), u32(valueKind.u32), u32(value)])
const real = (key: string, value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([string(key), u32(valueKind.f32), bytes])
}
const list = (key: string, kind: number, values: Buffer[]): Buffer =>
  Buffer.concat([string(key), u32(valueKind.list), u32(kind), u64(values.length), ...values])

/** The tensors' bytes as the disk gives them back. */
async function compare(path: string, headBytes: number, tensors: readonly GgufTensor[]): Promise<void> {
  const file = await openFile(path)
  try {
    let at = headBytes
    for (const { name, dtype, data } of tensors) {
      const expected = fromFloat32(data(), dtype, name)
      const found = new Uint8Array(expected.byteLength)
      await file.readInto(found, at)
      if (!Buffer.from(found.buffer).equals(Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength)))
        throw new Fault('damaged', `${name} differs when ${path} is read back.`)
      at += padded(found.byteLength)
    }
  } finally {
    await file.close()
  }
}
