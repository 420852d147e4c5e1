// A model that was made elsewhere: any Hugging Face folder of GPT-2's architecture.
import { basename, join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters } from '#shared/family/shape.ts'
import { exists, listFolder, readJson } from '#main/platform/disk/files.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { readConfig } from './import-config.ts'
import { importTokenizer } from './import-tokenizer.ts'
import type { WeightsFile } from './weights-file.ts'
import { openWeights } from './weights-files.ts'

export interface HuggingFaceModel {
  model: ModelPlan
  /** By our names, as an engine wants them. */
  parameters: Map<string, Float32Array>
  /** null where the folder has none. */
  tokenizer: Tokenizer | null
  endOfText: number
  /** Number formats of the weights, and the files they came in. */
  dtypes: string[]
  files: string[]
  /**
   * Tensors of the files that are no weights of this architecture's: causal masks, the head that is the embedding
   * again.
   */
  skipped: string[]
}

/**
 * Reads config, weights and tokenizer; no code of the folder is run. A tensor that is missing, has another shape, or
 * belongs to another
 * architecture is a Fault that names it.
 */
export async function importHuggingFace(folder: string): Promise<HuggingFaceModel> {
  const configPath = join(folder, 'config.json')
  if (!(await exists(configPath))) throw await notHuggingFace(folder)
  const { model, endOfText } = readConfig(await readJson(configPath), configPath)
  const tokenizer = await importTokenizer(folder)
  if (tokenizer && tokenizer.vocabulary > model.shape.vocabulary) {
    throw new Fault(
      'bad-input',
      `The tokenizer in ${folder} has ${tokenizer.vocabulary} tokens and the model knows ${model.shape.vocabulary}: they do not belong together.`,
    )
  }
  const weights = await openWeights(folder)
  try {
    const stored = nameTensors(weights, folder)
    // Before a list of ten million layers is made.
    if (model.shape.layers > stored.tensors.size)
      throw new Fault(
        'damaged',
        `${configPath} promises ${model.shape.layers} layers, and the weights beside it hold ${stored.tensors.size} tensors.`,
      )
    const parameters = new Map<string, Float32Array>()
    const dtypes = new Set<string>()
    for (const { name, shape } of listParameters(model.shape)) {
      const found = stored.tensors.get(name)
      if (!found) throw new Fault('damaged', `${folder} lacks the tensor ${name}, which its config.json promises.`)
      if (found.shape.length !== shape.length || shape.some((length, i) => length !== found.shape[i])) {
        throw new Fault(
          'damaged',
          `${found.name} in ${folder} has the shape [${found.shape.join(', ')}]; its config.json makes it [${shape.join(', ')}].`,
        )
      }
      parameters.set(name, await weights.read(found.name))
      dtypes.add(found.dtype)
    }
    for (const name of stored.tensors.keys())
      if (!parameters.has(name))
        throw new Fault(
          'unavailable',
          `${folder} holds the tensor ${name}, which a GPT-2 of its config.json does not have.`,
        )
    await checkHead(weights, stored.head, parameters.get('wte.weight')!)
    return {
      model,
      parameters,
      tokenizer,
      endOfText: tokenizer?.endOfText ?? endOfText,
      dtypes: [...dtypes],
      files: weights.names,
      skipped: stored.skipped,
    }
  } finally {
    await weights.close()
  }
}

interface NamedTensors {
  tensors: Map<string, WeightsFile['tensors'][number]>
  head: string | null
  skipped: string[]
}

/** What PyTorch's wrappers put into names: torch.compile, FSDP, activation checkpointing, Lightning's strategies. */
const wrappers = /\b(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)\./g
/** Heads that a GPT2LMHeadModel leaves alone: of its sibling classes, and of TRL's. */
const otherHeads = /^(?:v_head|score|classifier|multiple_choice_head|qa_outputs)\./

/** Names without `transformer.` and what wrappers put in, masks and other heads left out. */
function nameTensors(weights: WeightsFile, folder: string): NamedTensors {
  const named: NamedTensors = { tensors: new Map(), head: null, skipped: [] }
  for (const tensor of weights.tensors) {
    const name = tensor.name.replace(wrappers, '').replace(/^((module|model)\.)*(transformer\.)?/, '')
    if (/^h\.\d+\.attn\.(bias|masked_bias)$/.test(name) || otherHeads.test(name)) named.skipped.push(tensor.name)
    else if (name === 'lm_head.weight') {
      named.head = tensor.name
      named.skipped.push(tensor.name)
    } else if (named.tensors.has(name))
      throw new Fault('damaged', `${folder} holds ${name} twice, with different prefixes.`)
    else named.tensors.set(name, tensor)
  }
  // The two are one, and some write it by the other name.
  const head = weights.tensors.find((tensor) => tensor.name === named.head)
  if (!head || named.tensors.has('wte.weight')) return named
  return {
    ...named,
    tensors: named.tensors.set('wte.weight', head),
    skipped: named.skipped.filter((one) => one !== head.name),
  }
}

/** The head must be the embedding again. */
async function checkHead(weights: WeightsFile, head: string | null, embedding: Float32Array): Promise<void> {
  if (head === null) return
  const values = await weights.read(head)
  if (
    values.length !== embedding.length ||
    values.some((value, i) => value !== embedding[i] && !(Number.isNaN(value) && Number.isNaN(embedding[i])))
  ) {
    throw new Fault(
      'unavailable',
      `${head} differs from the token embedding: models with a head of its own cannot be imported.`,
    )
  }
}

/** Checkpoints of training loops, which hold no config.json that says what their weights are. */
const loopCheckpoint = /\.(pt|pth|ckpt)$/

async function notHuggingFace(path: string): Promise<Fault> {
  if (!(await exists(path))) return new Fault('not-found', `There is no config.json in ${path}: it does not exist.`)
  const names = await listFolder(path).catch(() => null)
  const found = (names ?? [basename(path)]).find((name) => loopCheckpoint.test(name))
  if (found)
    return new Fault(
      'bad-input',
      `${found} is the checkpoint of a training loop such as nanoGPT’s, without a config.json. Load its weights into a GPT2LMHeadModel, save that with save_pretrained, and import the folder it writes.`,
    )
  return new Fault(
    'bad-input',
    names
      ? `There is no config.json in ${path}, so it is no model of Hugging Face's.`
      : `${path} is a file; a model of Hugging Face's is the folder with its config.json.`,
  )
}
