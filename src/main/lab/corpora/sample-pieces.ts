// The beginning of a document as its tokenizer cuts it, for a person to see.
import { Fault } from '#shared/fault.ts'
import type { Split } from '#shared/corpus.ts'
import type { TokenizerChoice, TokenPiece } from '#shared/tokenizer/choice.ts'
import { sampleDocument } from '#main/core/corpus/sample.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import type { Corpora } from './corpora.ts'
import type { TokenizedCorpora } from './tokenized.ts'

/** As much as fits a screen. */
const shownCharacters = 2000

export interface Sampler {
  text(corpusId: string, split: Split, document: number): string
  sample(corpusId: string, choice: TokenizerChoice, split: Split, document: number): TokenPiece[]
}

export function createSampler(
  corpora: Pick<Corpora, 'read'>,
  tokenized: Pick<TokenizedCorpora, 'find' | 'folderOf'>,
  corpusFolder: (id: string) => string,
): Sampler {
  // leafing through documents asks for the same one again
  let last: { folder: string; tokenizer: Tokenizer } | null = null

  const tokenizerOf = (corpusId: string, choice: TokenizerChoice): Tokenizer => {
    if (choice.kind === 'bytes') return createByteTokenizer()
    if (tokenized.find(corpusId, choice)?.state !== 'finished')
      throw new Fault('conflict', 'This corpus has not been tokenized with this tokenizer yet.')
    const folder = tokenized.folderOf(corpusId, choice)
    if (last?.folder !== folder) last = { folder, tokenizer: loadTokenizer(folder) }
    return last.tokenizer
  }

  const beginning = (corpusId: string, split: Split, document: number): string => {
    const corpus = corpora.read(corpusId)
    if (corpus.state !== 'finished') throw new Fault('conflict', `${corpus.name} is not ready yet.`)
    return sampleDocument(corpusFolder(corpusId), split, document).slice(0, shownCharacters)
  }

  return {
    text: beginning,
    sample: (corpusId, choice, split, document) =>
      tokenizerOf(corpusId, choice).pieces(beginning(corpusId, split, document)),
  }
}
