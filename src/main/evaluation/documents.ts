// Texts to leave words out of.
import { bundledCorpora } from '#main/corpus/bundled.ts'
import { grainOf } from '#main/corpus/cut.ts'
import { readSource } from '#main/corpus/read.ts'
import { listSources } from '#main/storage/text-files.ts'
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
    for await (const part of readSource(source, grainOf(source.bytes), { replaced: 0, nulls: 0 })) {
      documents.push(...part.documents)
      read += part.documents.reduce((sum, { length }) => sum + length, 0)
      if (read > mostCharacters) return documents
    }
  }
  return documents
}
