// Learns a byte-level BPE: the most frequent pair of neighbours becomes a token, again and again, counted only where
// something changed.
import { Fault } from '#shared/fault.ts'
import { bpeVocabularyRange, type TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { bytesInOrder } from './bytes.ts'
import { loadTokenizer } from './files.ts'
import { createGpt2Tokenizer } from './gpt2.ts'
import { createPairQueue, type Words } from './pair-queue.ts'
import { createByteTokenizer, createTokenizer, type Tokenizer } from './tokenizer.ts'
import { eachWord } from './words.ts'

export interface TrainingProgress {
  /** `reading` counts words; `merging` makes tokens of them. */
  phase: 'reading' | 'merging'
  documents: number
  /** Tokens there are so far, and will be. */
  vocabulary: number
  wanted: number
}

/**
 * The tokenizer of a choice, that of a model from `folder`; only a BPE reads the documents. Ties go to the pair with
 * the lower ids, as in Hugging Face's trainer, so the
 * same text gives the same tokens. Faults: a vocabulary out of range, a text too small for it, `cancelled`.
 */
export async function* trainTokenizer(
  choice: TokenizerChoice,
  documents: Iterable<string> | AsyncIterable<string>,
  signal: AbortSignal,
  folder?: string,
): AsyncGenerator<TrainingProgress, Tokenizer> {
  if (choice.kind === 'bytes') return createByteTokenizer()
  if (choice.kind === 'gpt2') return createGpt2Tokenizer()
  if (choice.kind === 'model') {
    if (folder === undefined)
      throw new Fault('not-found', 'The model whose tokenizer is wanted is not in the lab any more.')
    return loadTokenizer(folder)
  }
  const { smallest, largest } = bpeVocabularyRange
  const wanted = choice.vocabulary
  if (!Number.isInteger(wanted) || wanted < smallest || wanted > largest) {
    throw new Fault(
      'bad-input',
      `The vocabulary is ${wanted}; it must be a whole number from ${smallest} to ${largest}.`,
    )
  }
  const counts = new Map<string, number>()
  let read = 0
  for await (const document of documents) {
    eachWord(document, (from, to) => {
      const word = document.slice(from, to)
      counts.set(word, (counts.get(word) ?? 0) + 1)
    })
    if (++read % 256 === 0) {
      yield { phase: 'reading', documents: read, vocabulary: 256, wanted }
      throwIfCancelled(signal)
    }
    if (counts.size > mostWords) forgetRare(counts)
  }
  const words = createWords(counts)
  const queue = createPairQueue(words)
  const tokens: Uint8Array[] = bytesInOrder.map((byte) => Uint8Array.of(byte))
  const idOf = new Map(tokens.map((bytes, id) => [key(bytes), id]))
  const pairs: number[] = []
  const merged: number[] = []
  while (tokens.length + 1 < wanted) {
    const pair = queue.next()
    if (!pair) {
      throw new Fault(
        'bad-input',
        `This text is too small for a vocabulary of ${wanted}: it gives ${tokens.length + 1}. Choose at most that, or add more text.`,
      )
    }
    const bytes = joined(tokens[pair.left]!, tokens[pair.right]!)
    // Two pairs can make the same bytes; they are one token.
    const known = idOf.get(key(bytes))
    const id = known ?? tokens.length
    if (known === undefined) {
      idOf.set(key(bytes), id)
      tokens.push(bytes)
    }
    pairs.push(pair.left, pair.right)
    merged.push(id)
    queue.merge(pair, id)
    if (merged.length % 64 === 0) {
      yield { phase: 'merging', documents: read, vocabulary: tokens.length + 1, wanted }
      throwIfCancelled(signal)
    }
  }
  return createTokenizer({
    choice,
    tokens: [...tokens, new Uint8Array(0)],
    pairs: Int32Array.from(pairs),
    merged: Int32Array.from(merged),
    endOfText: tokens.length,
  })
}

/**
 * Different words held at most, about 300 MB; the rarest are forgotten beyond, which only pairs that would never be
 * chosen notice.
 */
const mostWords = 2_000_000

function forgetRare(counts: Map<string, number>): void {
  for (let least = 1; counts.size > mostWords / 2; least++) {
    for (const [word, count] of counts) if (count <= least) counts.delete(word)
  }
}

/** The words as ids of bytes, end to end. */

const idOfByte = new Int32Array(256)
bytesInOrder.forEach((byte, id) => {
  idOfByte[byte] = id
})

function createWords(counts: Map<string, number>): Words {
  const all = [...counts]
  const starts = new Int32Array(all.length + 1)
  all.forEach(([word], index) => {
    starts[index + 1] = starts[index]! + Buffer.byteLength(word, 'utf8')
  })
  const ids = new Int32Array(starts[all.length]!)
  all.forEach(([word], index) => {
    Buffer.from(word, 'utf8').forEach((byte, at) => {
      ids[starts[index]! + at] = idOfByte[byte]!
    })
  })
  return { ids, starts, counts: Float64Array.from(all, ([, count]) => count) }
}

const key = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length)
  bytes.set(left)
  bytes.set(right, left.length)
  return bytes
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault('cancelled', 'Learning the tokenizer was cancelled.')
}
