// A model as a Hugging Face folder that `transformers` opens as GPT2LMHeadModel with the same logits.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters } from '#shared/family/shape.ts'
import type { ExportReport } from '#shared/run.ts'
import { fileBytes, listFolder, readJson, readText, writeFile } from '#main/platform/disk/files.ts'
import { writeFolderAtomically } from '#main/platform/disk/folders.ts'
import { type ExportCard, modelCard, studyFileName } from './card.ts'
import { modelConfig, mupConfig } from './model-config.ts'
import { foldScales } from './fold.ts'
import { fromFloat32 } from './dtypes.ts'
import { type Dtype, dtypeBytes, toFloat32 } from './number-formats.ts'
import { type NamedTensor, openSafetensors, safetensorsPieces } from './safetensors.ts'

export interface HuggingFaceExport {
  model: ModelPlan
  parameters: ReadonlyMap<string, Float32Array>
  /** tokenizer.json, vocab.json and merges.txt, as the tokenizer writes them. */
  tokenizerFiles: readonly { name: string; text: string }[]
  /** The id that separates documents: begin and end of text in one. */
  endOfText: number
  /** The run that made it, or the words of a README where there is no run. */
  card: ExportCard | string
  folder: string
  overwrite: boolean
  /** Number format of the weights; fp32 unless told otherwise. */
  dtype?: Dtype
  /**
   * muP's scales stand in the config, as Cerebras's btlm class has them, instead of being multiplied into the weights.
   */
  keepsScales?: boolean
  /** Weights beyond this come in several files with an index, as transformers writes them. */
  largestFileBytes?: number
}

const weightsName = 'model.safetensors'
const indexName = 'model.safetensors.index.json'
const shardPattern = /^model-\d{5}-of-\d{5}\.safetensors$/
const defaultLargestFileBytes = 2e9
/** By it an export is known as one; a person's own README.md and config.json lie beside none. */
const markerName = '.isoflop-export'
const endOfTextPiece = '<|endoftext|>'
/** What an export may hold, so that overwriting one never takes a person's own file with it. */
const exportedNames = new Set([
  markerName,
  'README.md',
  'config.json',
  'generation_config.json',
  studyFileName,
  'merges.txt',
  weightsName,
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
])

/** Writes the folder whole or not at all; it is read back and compared, bit for bit, before it takes its name. */
export async function exportHuggingFace(request: HuggingFaceExport): Promise<ExportReport> {
  const { model, folder, overwrite, dtype = 'F32', largestFileBytes = defaultLargestFileBytes } = request
  const tensors = exportedTensors(model, request.parameters, request.keepsScales ?? false)
  const texts = exportedTexts(request)
  const shards = shardTensors(tensors, dtype, largestFileBytes)
  if (shards.length > 1) texts.set(indexName, shardIndex(shards, dtype))
  let largestDifference = 0
  await writeFolderAtomically(
    folder,
    async (staging) => {
      for (const { name, tensors: part } of shards) {
        await writeFile(join(staging, name), safetensorsPieces(part, { format: 'pt' }, dtype))
        largestDifference = Math.max(largestDifference, await compareTensors(join(staging, name), part, dtype))
      }
      for (const [name, text] of texts) await writeFile(join(staging, name), text)
      await compareTexts(staging, texts)
      await writeFile(join(staging, markerName), 'Isoflop wrote this folder, and may replace it when told to.\n')
    },
    {
      overwrite,
      marker: markerName,
      replaceable: (name) => exportedNames.has(name) || name === indexName || shardPattern.test(name),
    },
  )
  const files: ExportReport['files'] = []
  for (const name of await listFolder(folder)) files.push({ name, bytes: await fileBytes(join(folder, name)) })
  return { folder, files, largestDifference }
}

interface Shard {
  name: string
  tensors: NamedTensor[]
}

/** One file, or as many as it takes so that none outgrows the limit unless a single tensor does. */
function shardTensors(tensors: NamedTensor[], dtype: Dtype, largestFileBytes: number): Shard[] {
  const parts: NamedTensor[][] = [[]]
  let bytes = 0
  for (const tensor of tensors) {
    const own = tensor.data.length * dtypeBytes[dtype]
    if (bytes > 0 && bytes + own > largestFileBytes) {
      parts.push([])
      bytes = 0
    }
    parts[parts.length - 1].push(tensor)
    bytes += own
  }
  const five = (number: number) => String(number).padStart(5, '0')
  return parts.map((part, i) => ({
    name: parts.length === 1 ? weightsName : `model-${five(i + 1)}-of-${five(parts.length)}.safetensors`,
    tensors: part,
  }))
}

function shardIndex(shards: readonly Shard[], dtype: Dtype): string {
  const totalBytes = shards.reduce(
    (all, { tensors }) => all + tensors.reduce((sum, { data }) => sum + data.length * dtypeBytes[dtype], 0),
    0,
  )
  const places = shards.flatMap(({ name, tensors }) => tensors.map((tensor) => [tensor.name, name]))
  return (
    JSON.stringify(
      {
        metadata: { total_size: totalBytes },
        weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
      },
      null,
      2,
    ) + '\n'
  )
}

/**
 * Tensors under their Hugging Face names. The layout is ours already: [in, out] as Conv1D keeps it, and one tied head.
 */
function exportedTensors(
  model: ModelPlan,
  parameters: ReadonlyMap<string, Float32Array>,
  keepsScales: boolean,
): NamedTensor[] {
  const folded = keepsScales ? parameters : foldScales(model, parameters)
  return listParameters(model.shape).map(({ name, shape }) => {
    const data = folded.get(name)
    const length = shape.reduce((product, n) => product * n, 1)
    if (!data) throw new Fault('damaged', `The checkpoint lacks ${name}, so it cannot be exported.`)
    if (data.length !== length)
      throw new Fault(
        'damaged',
        `${name} has ${data.length} numbers in the checkpoint and ${length} in the model's plan.`,
      )
    if (!data.every(Number.isFinite))
      throw new Fault(
        'diverged',
        `${name} holds numbers that are not finite: this run diverged, and its weights are of no use.`,
      )
    return { name: `transformer.${name}`, shape, data }
  })
}

function exportedTexts({
  model,
  tokenizerFiles,
  endOfText,
  card,
  dtype = 'F32',
  keepsScales,
}: HuggingFaceExport): Map<string, string> {
  const json = (value: unknown) => JSON.stringify(value, null, 2) + '\n'
  return new Map([
    ...tokenizerFiles.map(({ name, text }): [string, string] => [name, text]),
    [
      'config.json',
      json({
        ...modelConfig(model, endOfText),
        ...(keepsScales ? mupConfig(model) : {}),
        torch_dtype: { F32: 'float32', BF16: 'bfloat16', F16: 'float16' }[dtype],
      }),
    ],
    [
      'generation_config.json',
      json({
        bos_token_id: endOfText,
        eos_token_id: endOfText,
        pad_token_id: endOfText,
        do_sample: true,
        temperature: 0.8,
        top_k: 40,
      }),
    ],
    [
      'tokenizer_config.json',
      json({
        tokenizer_class: 'PreTrainedTokenizerFast',
        model_max_length: model.shape.context,
        add_prefix_space: false,
        clean_up_tokenization_spaces: false,
        bos_token: endOfTextPiece,
        eos_token: endOfTextPiece,
        unk_token: endOfTextPiece,
      }),
    ],
    [
      'special_tokens_map.json',
      json({ bos_token: endOfTextPiece, eos_token: endOfTextPiece, unk_token: endOfTextPiece }),
    ],
    [
      'README.md',
      typeof card === 'string' ? card : modelCard(model, card, { F32: 'fp32', BF16: 'bf16', F16: 'fp16' }[dtype]),
    ],
    ...(typeof card !== 'string' && card.study ? [[studyFileName, json(card.study)] as [string, string]] : []),
  ])
}

/** The largest difference between what was to be written and what the disk gives back. */
async function compareTensors(path: string, tensors: readonly NamedTensor[], dtype: Dtype): Promise<number> {
  const file = await openSafetensors(path)
  try {
    if (file.tensors.length !== tensors.length)
      throw new Fault(
        'damaged',
        `The export holds ${file.tensors.length} tensors after writing ${tensors.length}; it was not kept.`,
      )
    let largest = 0
    for (const { name, shape, data: exact } of tensors) {
      const data = dtype === 'F32' ? exact : toFloat32(fromFloat32(exact, dtype, name), dtype)
      const entry = file.tensors.find((one) => one.name === name)
      const back = await file.read(name)
      const isSameShape = entry?.shape.length === shape.length && shape.every((n, i) => n === entry.shape[i])
      if (!isSameShape || back.length !== data.length)
        throw new Fault('damaged', `${name} has another shape when read back; the export was not kept.`)
      for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(back[i] - data[i]))
      if (!(largest === 0))
        throw new Fault('damaged', `${name} differs by ${largest} when read back; the export was not kept.`)
    }
    return largest
  } finally {
    await file.close()
  }
}

async function compareTexts(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of texts) {
    if ((await readText(join(folder, name))) !== text)
      throw new Fault('damaged', `${name} differs when read back; the export was not kept.`)
    if (name.endsWith('.json')) await readJson(join(folder, name))
  }
}
