// Text to tokens and back, by bytes and merges: plain bytes, a BPE of one's own and GPT-2's are the same thing with
// other tables.
import type { TokenizerChoice, TokenPiece } from '#shared/tokenizer/choice.ts'
import { createMerges, mergeWord } from './merge.ts'
import { eachWord } from './words.ts'

export const endOfTextContent = '<|endoftext|>'

/** Everything a tokenizer is. */
export interface TokenTable {
  choice: TokenizerChoice
  /** Bytes of each token by id; empty for the end of text. */
  tokens: Uint8Array[]
  /** Merged pairs of ids in the order of learning, [left, right, …]. */
  pairs: Int32Array
  /** Id that each pair becomes. */
  merged: Int32Array
  endOfText: number
}

export interface Tokenizer {
  readonly choice: TokenizerChoice
  /** Tokens in all, the end of text among them. */
  readonly vocabulary: number
  readonly endOfText: number
  /** Ids of a text. The end-of-text marker in it is ordinary text; a lone surrogate counts as U+FFFD. */
  encode(text: string): Uint16Array
  /** Text of ids; what is no whole character and what is no id becomes �, the end of text its marker. Never throws. */
  decode(ids: ArrayLike<number>): string
  pieces(text: string): TokenPiece[]
  readonly table: TokenTable
}

/** Words beyond this length are rare, and not worth remembering. */
const longestRemembered = 32
const mostRemembered = 1 << 16

export function createTokenizer(table: TokenTable): Tokenizer {
  const { tokens, endOfText } = table
  const merges = createMerges(table.pairs, table.merged)
  const idOfByte = new Int32Array(256)
  tokens.forEach((bytes, id) => {
    if (bytes.length === 1) idOfByte[bytes[0]!] = id
  })
  let remembered = new Map<string, Uint16Array>()
  let word = new Int32Array(256)

  const encodeWord = (text: string): Uint16Array => {
    const bytes = Buffer.from(text, 'utf8')
    if (word.length < bytes.length) word = new Int32Array(bytes.length * 2)
    for (let at = 0; at < bytes.length; at++) word[at] = idOfByte[bytes[at]!]!
    const length = merges.merged.length === 0 ? bytes.length : mergeWord(word, bytes.length, merges)
    return Uint16Array.from(word.subarray(0, length))
  }
  const rememberedWord = (text: string): Uint16Array => {
    let ids = remembered.get(text)
    if (!ids) {
      if (remembered.size >= mostRemembered) remembered = new Map()
      remembered.set(text, (ids = encodeWord(text)))
    }
    return ids
  }

  const encode = (text: string): Uint16Array => {
    let ids = new Uint16Array(Math.max(16, text.length >> 1))
    let count = 0
    eachWord(text, (from, to) => {
      const part = text.slice(from, to)
      const found = part.length > longestRemembered ? encodeWord(part) : rememberedWord(part)
      if (count + found.length > ids.length) {
        const more = new Uint16Array(Math.max(ids.length * 2, count + found.length))
        more.set(ids)
        ids = more
      }
      for (let at = 0; at < found.length; at++) ids[count++] = found[at]!
    })
    return ids.slice(0, count)
  }

  const decode = (ids: ArrayLike<number>): string => {
    const parts: Uint8Array[] = []
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!
      parts.push(id === endOfText ? endOfTextBytes : (tokens[id] ?? unknownBytes))
    }
    return Buffer.concat(parts).toString('utf8')
  }

  return {
    choice: table.choice,
    vocabulary: tokens.length,
    endOfText,
    encode: table.pairs.length === 0 ? encodeBytes : encode,
    decode,
    pieces: (text) =>
      Array.from(table.pairs.length === 0 ? encodeBytes(text) : encode(text), (id) => ({ id, text: decode([id]) })),
    table,
  }

  /** Without merges the words make no difference. */
  function encodeBytes(text: string): Uint16Array {
    return Uint16Array.from(Buffer.from(text, 'utf8'), (byte) => idOfByte[byte]!)
  }
}

const endOfTextBytes = new Uint8Array(Buffer.from(endOfTextContent))
/** Models often have more ids than their tokenizer, padded to a round number. */
const unknownBytes = new Uint8Array(Buffer.from('\uFFFD'))

/** Plain bytes: the id is the byte, 256 ends a text. */
export function createByteTokenizer(): Tokenizer {
  return createTokenizer({
    choice: { kind: 'bytes' },
    tokens: [...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), new Uint8Array(0)],
    pairs: new Int32Array(0),
    merged: new Int32Array(0),
    endOfText: 256,
  })
}
