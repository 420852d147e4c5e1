// One document of a corpus, for a person to look at.
import type { Split } from '#shared/corpus.ts'
import { openSplit } from '#main/platform/disk/corpus-files.ts'

/** Document `document` of a split, counted from 0; a Fault `not-found` beyond the last. */
export function sampleDocument(corpusFolder: string, split: Split, document: number): string {
  const reader = openSplit(corpusFolder, split)
  try {
    return reader.document(document)
  } finally {
    reader.close()
  }
}
