// A tokenizer as the files Hugging Face knows, and back: tokenizer.json has everything, vocab.json and merges.txt the
// same for GPT-2's class.
import { Fault } from '#shared/fault.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { bytesToVisible, visibleToBytes } from './bytes.ts'
import { createTokenizer, endOfTextContent, type Tokenizer } from './tokenizer.ts'

export interface TokenizerFile {
  name: string
  text: string
}

/** tokenizer.json, vocab.json, merges.txt and tokenizer_config.json. */
export function tokenizerFiles({ table }: Tokenizer): TokenizerFile[] {
  const visible = table.tokens.map((bytes, id) => (id === table.endOfText ? endOfTextContent : bytesToVisible(bytes)))
  // Written by hand: an object would put tokens that look like numbers first. Spaced and escaped as in the file OpenAI
  // published.
  const vocab = `{${visible.map((token, id) => `${ascii(JSON.stringify(token))}: ${id}`).join(', ')}}`
  const merges: string[] = []
  for (let rank = 0; rank < table.merged.length; rank++)
    merges.push(`${visible[table.pairs[2 * rank]!]} ${visible[table.pairs[2 * rank + 1]!]}`)
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: table.endOfText,
        content: endOfTextContent,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabHere,
      merges,
    },
  }
  const config = {
    tokenizer_class: 'GPT2Tokenizer',
    add_prefix_space: false,
    bos_token: endOfTextContent,
    eos_token: endOfTextContent,
    unk_token: endOfTextContent,
    clean_up_tokenization_spaces: false,
  }
  return [
    { name: 'tokenizer.json', text: `${JSON.stringify(tokenizer, null, 1).replace(`"${vocabHere}"`, () => vocab)}\n` },
    { name: 'vocab.json', text: vocab },
    { name: 'merges.txt', text: `#version: 0.2\n${merges.map((merge) => `${merge}\n`).join('')}` },
    { name: 'tokenizer_config.json', text: `${JSON.stringify(config, null, 2)}\n` },
  ]
}

const vocabHere = '<the vocabulary>'

const ascii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * The tokenizer of a tokenizer.json written here, or of any byte-level BPE like GPT-2's. Fault `damaged` where it is
 * not one.
 */
export function parseTokenizer(json: string, path: string): Tokenizer {
  const refuse = (why: string, cause?: unknown): never => {
    throw new Fault('damaged', `${path} is not a tokenizer this lab can use: ${why}.`, { cause })
  }
  let file: {
    added_tokens?: { id: number; content: string }[]
    model?: { type?: string; vocab?: Record<string, number>; merges?: (string | [string, string])[] }
  }
  try {
    file = JSON.parse(json)
  } catch (error) {
    return refuse('it is not JSON', error)
  }
  const { vocab, merges, type } = file?.model ?? {}
  if (type !== 'BPE' || typeof vocab !== 'object' || !Array.isArray(merges)) return refuse('it has no BPE model')
  const endOfText =
    file.added_tokens?.find(({ content }) => content === endOfTextContent)?.id ?? vocab[endOfTextContent]
  const entries = Object.entries(vocab)
  const vocabulary = entries.length + (endOfTextContent in vocab ? 0 : 1)
  if (endOfText === undefined) return refuse(`it has no ${endOfTextContent}`)
  if (vocabulary > 65_536) return refuse(`its ${vocabulary} tokens are more than 65,536`)
  const tokens: Uint8Array[] = []
  tokens[endOfText] = new Uint8Array(0)
  for (const [token, id] of entries) {
    if (id !== endOfText) tokens[id] = visibleToBytes(token) ?? refuse(`its token ${id} is no bytes`)
  }
  if (tokens.length !== vocabulary || Object.keys(tokens).length !== vocabulary) return refuse('its ids have gaps')
  const seen = new Set(tokens.filter((bytes) => bytes.length === 1).map((bytes) => bytes[0]))
  if (seen.size !== 256) return refuse(`it has ${seen.size} of the 256 bytes`)
  const pairs = new Int32Array(2 * merges.length)
  const merged = new Int32Array(merges.length)
  merges.forEach((merge, rank) => {
    const [left, right, ...rest] = typeof merge === 'string' ? merge.split(' ') : merge
    const ids = [vocab[left!], vocab[right!], vocab[`${left}${right}`]]
    if (rest.length > 0 || ids.some((id) => id === undefined))
      return refuse(`its merge ${rank + 1} names tokens it does not have`)
    pairs.set([ids[0]!, ids[1]!], 2 * rank)
    merged[rank] = ids[2]!
  })
  const isBytes = merges.length === 0 && tokens[0]![0] === 0 // a BPE without merges has GPT-2's order
  const choice: TokenizerChoice = isBytes
    ? { kind: 'bytes' }
    : vocabulary === 50_257
      ? { kind: 'gpt2' }
      : { kind: 'bpe', vocabulary }
  return createTokenizer({ choice, tokens, pairs, merged, endOfText })
}
