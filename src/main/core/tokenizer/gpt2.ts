// GPT-2's own tokenizer, out of the ranks that the package gpt-tokenizer carries.
import ranks from 'gpt-tokenizer/esm/bpeRanks/r50k_base'
import { createTokenizer, type Tokenizer, type TokenTable } from './tokenizer.ts'

let table: TokenTable | null = null

export function createGpt2Tokenizer(): Tokenizer {
  table ??= createTable()
  return createTokenizer(table)
}

/**
 * The ranks say which tokens there are, in the order of learning; which pair each was made of follows, for it is what
 * the merges
 * before it leave of its bytes.
 */
function createTable(): TokenTable {
  const tokens = ranks.map((token) =>
    typeof token === 'string' ? new Uint8Array(Buffer.from(token, 'utf8')) : Uint8Array.from(token),
  )
  const idOfByte = new Map(tokens.slice(0, 256).map((bytes, id) => [bytes[0]!, id]))
  const count = tokens.length - 256
  const idOf = new Map(tokens.map((bytes, id) => [Buffer.from(bytes).toString('latin1'), id]))
  const pairs = new Int32Array(2 * count)
  const merged = Int32Array.from({ length: count }, (_, rank) => 256 + rank)
  for (let rank = 0; rank < count; rank++) pairs.set(lastPair(tokens[256 + rank]!, 256 + rank), 2 * rank)
  return { choice: { kind: 'gpt2' }, tokens: [...tokens, new Uint8Array(0)], pairs, merged, endOfText: tokens.length }

  /** The two tokens that the bytes of token `below` are before it is learned. */
  function lastPair(bytes: Uint8Array, below: number): [number, number] {
    let parts = Array.from(bytes, (byte) => ({ id: idOfByte.get(byte)!, text: String.fromCharCode(byte) }))
    while (parts.length > 2) {
      let best = -1
      let bestId = below
      for (let at = 0; at + 1 < parts.length; at++) {
        const id = idOf.get(parts[at]!.text + parts[at + 1]!.text)
        if (id !== undefined && id < bestId) [best, bestId] = [at, id]
      }
      if (best < 0) throw new Error(`token ${below} is made of ${parts.length} parts`)
      parts = [
        ...parts.slice(0, best),
        { id: bestId, text: parts[best]!.text + parts[best + 1]!.text },
        ...parts.slice(best + 2),
      ]
    }
    return [parts[0]!.id, parts[1]!.id]
  }
}
