// A corpus becomes token files: the tokenizer is learned if need be, then every document goes through it.
import type { Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { openSplit, readDocuments } from '#main/platform/disk/corpus-files.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import { createTokenWriter } from '#main/platform/disk/token-files.ts'
import { saveTokenizer } from './files.ts'
import { trainTokenizer } from './train.ts'

export interface TokenizeRequest {
  corpusFolder: string
  /** Appears whole or not at all: train.bin, validation.bin, test.bin, the tokenizer's files and tokens.json. */
  tokensFolder: string
  tokenizer: TokenizerChoice
  /** Where the tokenizer of a library's model lies. */
  tokenizerFolder?: string
}

export interface TokensReport {
  tokenizer: TokenizerChoice
  vocabulary: number
  endOfText: number
  /** Ends of text included, one after every document. */
  tokens: Record<Split, number>
  documents: Record<Split, number>
  /** UTF-8 bytes per token of text, on the validation split. */
  bytesPerToken: number
}

export type TokenizeRecord =
  | { kind: 'progress'; phase: 'reading' | 'merging' | 'encoding'; progress: number }
  | { kind: 'done'; report: TokensReport }

/** A tokenizer is learned on at most this much of the training text, taken evenly from all of it. */
const learningBytes = 64 << 20
/** Share of the whole that reading and merging take, about. */
const learningShare = { bpe: 0.5, bytes: 0, gpt2: 0, model: 0 } as const

/** Yields progress from 0 to 1 and at last the report. Cancelled or failed, it leaves nothing behind. */
export async function* tokenizeCorpus(request: TokenizeRequest, signal: AbortSignal): AsyncGenerator<TokenizeRecord> {
  const { corpusFolder } = request
  const sizes = Object.fromEntries(splits.map((split) => [split, sizeOf(corpusFolder, split)])) as Record<
    Split,
    { documents: number; bytes: number }
  >
  const share = learningShare[request.tokenizer.kind]
  const stride = Math.max(1, Math.ceil(sizes.train.bytes / learningBytes))
  const learning = trainTokenizer(
    request.tokenizer,
    readDocuments(corpusFolder, 'train', stride),
    signal,
    request.tokenizerFolder,
  )
  yield { kind: 'progress', phase: share > 0 ? 'reading' : 'encoding', progress: 0 }
  let step = await learning.next()
  for (; !step.done; step = await learning.next()) {
    const { phase, documents, vocabulary, wanted } = step.value
    const done =
      phase === 'reading'
        ? 0.5 * documents * (stride / Math.max(1, sizes.train.documents))
        : 0.5 + (0.5 * vocabulary) / wanted
    yield { kind: 'progress', phase, progress: share * Math.min(1, done) }
  }
  const tokenizer = step.value

  const writer = createTokenWriter(request.tokensFolder)
  try {
    const end = Uint16Array.of(tokenizer.endOfText)
    const totalBytes = splits.reduce((sum, split) => sum + sizes[split].bytes, 0)
    let doneBytes = 0
    let told = 0
    for (const split of splits) {
      for (const document of readDocuments(corpusFolder, split)) {
        writer.add(split, tokenizer.encode(document))
        writer.add(split, end)
        doneBytes += document.length
        if (doneBytes - told < 1 << 20) continue
        told = doneBytes
        yield {
          kind: 'progress',
          phase: 'encoding',
          progress: Math.min(1, share + (1 - share) * (doneBytes / totalBytes)),
        }
        throwIfCancelled(signal)
      }
    }
    throwIfCancelled(signal)
    const report: TokensReport = {
      tokenizer: request.tokenizer,
      vocabulary: tokenizer.vocabulary,
      endOfText: tokenizer.endOfText,
      tokens: writer.counts,
      documents: { train: sizes.train.documents, validation: sizes.validation.documents, test: sizes.test.documents },
      bytesPerToken: sizes.validation.bytes / Math.max(1, writer.counts.validation - sizes.validation.documents),
    }
    saveTokenizer(writer.folder, tokenizer)
    writer.keep(report)
    yield { kind: 'done', report }
  } finally {
    writer.discard() // after `keep` there is nothing aside any more
  }
}

function sizeOf(corpusFolder: string, split: Split): { documents: number; bytes: number } {
  const { documents, bytes, close } = openSplit(corpusFolder, split)
  close()
  return { documents, bytes }
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault('cancelled', 'Tokenizing was cancelled; nothing of it was kept.')
}
