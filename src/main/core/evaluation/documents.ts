// Texts to leave words out of, and texts to be read whole.
import { bundledCorpora } from '#main/core/corpus/bundled.ts'
import { grainOf } from '#main/core/corpus/cut.ts'
import { nothingLeftOut } from '#main/core/corpus/documents.ts'
import { readSource } from '#main/core/corpus/read.ts'
import { readDocuments as readSplit } from '#main/platform/disk/corpus-files.ts'
import { listSources } from '#main/platform/disk/text-sources.ts'
import type { PlacedRow } from './items.ts'
import type { Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'

/** Enough for any number of items. */
const mostCharacters = 4 << 20

/** Documents of a file or folder; of the first bundled text where `path` is null. */
export async function readDocuments(path: string | null): Promise<string[]> {
  const bundled = path === null ? bundledCorpora()[0] : null
  if (path === null && !bundled) throw new Fault('not-found', 'data: no bundled text is installed; name a text.')
  const documents: string[] = []
  let read = 0
  for (const source of listSources(bundled?.paths ?? [path!])) {
    for await (const part of readSource(source, grainOf(source.bytes), nothingLeftOut())) {
      documents.push(...part.documents)
      read += part.documents.reduce((sum, { length }) => sum + length, 0)
      if (read > mostCharacters) return documents
    }
  }
  return documents
}

/** Documents of a split in their order, enough for any number of sentences. */
export function splitDocuments(corpusFolder: string, split: Split): string[] {
  const documents: string[] = []
  let read = 0
  for (const text of readSplit(corpusFolder, split)) {
    documents.push(text)
    read += text.length
    if (read > mostCharacters) break
  }
  return documents
}

/**
 * The documents of a split in their order, the first `limit` of them (null for all), leaving out what is only space.
 */
export function documentRows(corpusFolder: string, split: Split, limit: number | null): PlacedRow[] {
  const rows: PlacedRow[] = []
  let number = 0
  for (const text of readSplit(corpusFolder, split)) {
    number++
    if (text.trim() !== '') rows.push({ row: { text }, where: `The ${split} split, document ${number}` })
    if (rows.length === limit) break
  }
  if (rows.length === 0)
    throw new Fault(
      'bad-input',
      `split: the ${split} split of this text is empty, so there is nothing to evaluate. Choose another split, or a longer text.`,
    )
  return rows
}
