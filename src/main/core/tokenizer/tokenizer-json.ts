// A tokenizer.json read whole or refused: every field of it is on a list of understood ones, so that the ids are those
// of Hugging Face's tokenizers or there are none.
import { quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { visibleToBytes } from './bytes.ts'
import { createTokenizer, endOfTextContent, type Tokenizer } from './tokenizer.ts'

type Table = Record<string, unknown>

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

const largestVocabulary = 65_536

/**
 * The tokenizer of a byte-level BPE like GPT-2's, wherever it was written. Fault `damaged` where the text is none, and
 * `unavailable` where it asks for something that would be done otherwise here.
 */
export function parseTokenizer(json: string, path: string): Tokenizer {
  let file: unknown
  try {
    file = parseJson(json)
  } catch (error) {
    throw damaged(path, `it ${(error as Error).message}`)
  }
  return readTokenizer(file, path)
}

/** The same of the parsed file. */
export function readTokenizer(file: unknown, path: string): Tokenizer {
  const model = isTable(file) && isTable(file.model) ? file.model : {}
  const { type = 'BPE', vocab, merges } = model // OpenAI's own file has no type
  if (!isTable(file) || type !== 'BPE' || !isTable(vocab) || !Array.isArray(merges))
    throw damaged(path, 'it has no BPE model')
  checkFields({ ...file, model }, path)
  return createTokenizer(tableOf(new Map(Object.entries(vocab)), merges, addedIds(file.added_tokens, path), path))
}

const damaged = (path: string, why: string): Fault =>
  new Fault('damaged', `${path} is not a tokenizer this lab can use: ${why}.`)

const unsupported = (path: string, field: string, value: unknown): Fault =>
  new Fault(
    'unavailable',
    `${path}: ${field} is ${quoted(value)}, which this lab does not do, so its ids would be others. Without the tokenizer's files the weights alone can be used.`,
  )

/** What each part may be; parts and fields that are not named here are refused. */
const understood: Record<string, (value: unknown) => boolean> = {
  version: () => true,
  // How long a batch becomes is for whoever makes one to say.
  truncation: () => true,
  padding: () => true,
  added_tokens: () => true, // read by themselves
  normalizer: isNothing,
  pre_tokenizer: (value) => isByteLevel(value) && !alone(value).add_prefix_space && alone(value).use_regex !== false,
  post_processor: (value) => value === null || isByteLevel(value) || addsNothing(value),
  decoder: (value) => value === null || isByteLevel(value),
  'model.type': () => true,
  'model.dropout': (value) => !value,
  'model.unk_token': (value) => !value || value === endOfTextContent, // no byte is unknown
  'model.continuing_subword_prefix': (value) => !value,
  'model.end_of_word_suffix': (value) => !value,
  'model.fuse_unk': () => true,
  'model.byte_fallback': (value) => !value,
  'model.ignore_merges': (value) => !value,
  'model.vocab': () => true,
  'model.merges': () => true,
}

function checkFields(file: Table, path: string): void {
  const { model, ...parts } = file
  const fields = [
    ...Object.entries(parts),
    ...Object.entries(model as Table).map(([key, value]) => [`model.${key}`, value]),
  ]
  for (const [field, value] of fields as [string, unknown][]) {
    if (!Object.hasOwn(understood, field) || !understood[field](value)) throw unsupported(path, field, shown(value))
  }
  if (file.pre_tokenizer === undefined && file.version !== undefined) throw unsupported(path, 'pre_tokenizer', null)
}

/** Of a part with a type, its type and what is said of it. */
const shown = (value: unknown): unknown =>
  isTable(value) && typeof value.type === 'string'
    ? Object.entries(value)
        .filter(([, one]) => typeof one !== 'object')
        .map(([key, one]) => `${key} ${String(one)}`)
        .join(', ')
    : value

function isNothing(value: unknown): boolean {
  return value === null || (isTable(value) && value.type === 'Sequence' && isEmpty(value.normalizers))
}
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** A sequence of one part is that part. */
function alone(value: unknown): Table {
  if (!isTable(value)) return {}
  const parts = value.pretokenizers ?? value.processors ?? value.decoders
  return value.type === 'Sequence' && Array.isArray(parts) && parts.length === 1 ? alone(parts[0]) : value
}
const isByteLevel = (value: unknown): boolean => alone(value).type === 'ByteLevel'

/** A template that is nothing but the text. */
function addsNothing(value: unknown): boolean {
  const { type, single } = alone(value)
  return (
    type === 'TemplateProcessing' &&
    Array.isArray(single) &&
    single.every((part) => isTable(part) && 'Sequence' in part)
  )
}

/** The id of the end of text among the added tokens. Others would be words of their own, which they are not here. */
function addedIds(added: unknown, path: string): number | undefined {
  if (added === undefined || added === null) return undefined
  if (!Array.isArray(added)) throw damaged(path, 'added_tokens is no list')
  let endOfText: number | undefined
  for (const token of added as unknown[]) {
    if (!isTable(token)) throw damaged(path, 'added_tokens holds what is no token')
    if (token.content !== endOfTextContent) throw unsupported(path, 'a token of added_tokens', token.content)
    for (const rule of ['single_word', 'lstrip', 'rstrip']) if (token[rule]) throw unsupported(path, rule, true)
    endOfText = token.id as number
  }
  return endOfText
}

function tableOf(vocab: Map<string, unknown>, merges: unknown[], added: number | undefined, path: string) {
  const endOfText = added ?? (vocab.get(endOfTextContent) as number | undefined)
  const vocabulary = vocab.size + (vocab.has(endOfTextContent) ? 0 : 1)
  if (vocabulary > largestVocabulary) throw damaged(path, `its ${vocabulary} tokens are more than 65,536`)
  const idOf = (id: unknown): number => {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= vocabulary)
      throw damaged(path, 'its ids have gaps')
    return id as number
  }
  if (endOfText === undefined) throw damaged(path, `it has no ${endOfTextContent}`)
  const tokens: Uint8Array[] = []
  tokens[idOf(endOfText)] = new Uint8Array(0)
  for (const [token, id] of vocab) {
    if (id === endOfText) continue
    const bytes = visibleToBytes(token)
    if (!bytes) throw damaged(path, `its token ${quoted(id)} is no bytes`)
    tokens[idOf(id)] = bytes
  }
  if (tokens.length !== vocabulary || Object.keys(tokens).length !== vocabulary)
    throw damaged(path, 'its ids have gaps')
  const seen = new Set(tokens.filter((bytes) => bytes.length === 1).map((bytes) => bytes[0]))
  if (seen.size !== 256) throw damaged(path, `it has ${seen.size} of the 256 bytes`)
  const pairs = new Int32Array(2 * merges.length)
  const merged = new Int32Array(merges.length)
  merges.forEach((merge, rank) => {
    const parts: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
    const ids = [vocab.get(parts[0] as string), vocab.get(parts[1] as string), vocab.get(parts.join(''))]
    if (parts.length !== 2 || parts.some((part) => typeof part !== 'string') || ids.includes(undefined))
      throw damaged(path, `its merge ${rank + 1} names tokens it does not have`)
    pairs.set([ids[0] as number, ids[1] as number], 2 * rank)
    merged[rank] = ids[2] as number
  })
  const isBytes = merges.length === 0 && tokens[0]![0] === 0 // a BPE without merges has GPT-2's order
  const choice: TokenizerChoice = isBytes
    ? { kind: 'bytes' }
    : vocabulary === 50_257
      ? { kind: 'gpt2' }
      : { kind: 'bpe', vocabulary }
  return { choice, tokens, pairs, merged, endOfText }
}
