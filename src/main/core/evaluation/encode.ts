// Contexts and continuations as token ids, exactly as lm-evaluation-harness cuts them (lm_eval/api/model.py,
// models/huggingface.py).
import { encodePrompt } from '#main/core/tokenizer/special-tokens.ts'
import type { PrefixTree } from '#main/core/engine/engine.ts'
import type { ScoreRequest } from './prompts.ts'
import { stripEnd } from './python-text.ts'

/** What evaluating asks of a tokenizer. */
export interface EncodingTokenizer {
  readonly endOfText: number
  encode(text: string): ArrayLike<number>
}

/** The tokens of a request: the last `scored` of them are asked about, the last token itself is never read. */
export interface EncodedRequest {
  tokens: Int32Array
  scored: number
  /** Its beginning did not fit. */
  isCut: boolean
}

/** Encodes requests of one context after another, which is encoded once for all its continuations. */
export function createRequestEncoder(
  tokenizer: EncodingTokenizer,
  context: number,
): (request: ScoreRequest) => EncodedRequest {
  let last = { text: '', ids: [] as number[] }
  const contextIds = (text: string): number[] => {
    if (text !== last.text) last = { text, ids: encodePrompt(tokenizer, text) }
    return last.ids
  }
  return (request) => truncate(encodePair(tokenizer, request, contextIds), context)
}

/**
 * Spaces at the end of the context go over to the continuation, the two are encoded as one text, and the context's own
 * number of tokens is
 * cut off. An empty context, or one of spaces alone, is the end of a text.
 */
function encodePair(
  tokenizer: EncodingTokenizer,
  { context, continuation }: ScoreRequest,
  contextIds: (text: string) => number[] = (text) => encodePrompt(tokenizer, text),
): { context: number[]; continuation: number[] } {
  // The harness fails where a context is nothing but spaces: all of them go over, and nothing is left to read.
  if (stripEnd(context) === '') {
    const ids = encodePrompt(tokenizer, context + continuation)
    return ids[0] === tokenizer.endOfText
      ? { context: ids.slice(0, 1), continuation: ids.slice(1) }
      : { context: [tokenizer.endOfText], continuation: ids }
  }
  const stripped = stripEnd(context)
  const ids = contextIds(stripped)
  return { context: ids, continuation: encodePrompt(tokenizer, context + continuation).slice(ids.length) }
}

/** What does not fit is cut from the left: the model reads at most `length` tokens and is asked about one more. */
function truncate(
  { context, continuation }: { context: number[]; continuation: number[] },
  length: number,
): EncodedRequest {
  const whole = [...context, ...continuation]
  return {
    tokens: Int32Array.from(whole.slice(-(length + 1))),
    scored: continuation.length,
    isCut: whole.length > length + 1,
  }
}

/** A whole text in windows: every token is asked about once, with as much before it as fits when its window is full. */
export function encodeWindows(tokenizer: EncodingTokenizer, text: string, length: number): EncodedRequest[] {
  const ids = encodePrompt(tokenizer, text)
  const windows: EncodedRequest[] = []
  for (let predicted = 0; predicted < ids.length;) {
    const isFirst = predicted === 0
    const end = Math.min(ids.length, predicted + length)
    const scored = end - predicted
    // The first window begins at an end of text; later ones reach back until they are full.
    const tokens = isFirst ? [tokenizer.endOfText, ...ids.slice(0, end)] : ids.slice(end - length - 1, end)
    windows.push({ tokens: Int32Array.from(tokens), scored, isCut: false })
    predicted = end
  }
  return windows
}

/** Requests of one item as a prefix, all that they begin with in common and are not asked about, and their suffixes. */
export function prefixTreeOf(requests: readonly EncodedRequest[]): PrefixTree {
  const read = requests.map(({ tokens }) => tokens.subarray(0, -1))
  let length = Math.min(...requests.map(({ tokens, scored }) => tokens.length - 1 - scored))
  for (const other of read) {
    let shared = 0
    while (shared < length && other[shared] === read[0][shared]) shared++
    length = shared
  }
  return {
    prefix: read[0].slice(0, length),
    suffixes: requests.map(({ tokens, scored }, r) => {
      const inputs = read[r].slice(length)
      const targets = tokens.slice(length + 1)
      targets.fill(-1, 0, targets.length - scored)
      return { inputs, targets }
    }),
  }
}
