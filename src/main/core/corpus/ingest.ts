// Text files become a corpus: documents cut, cleaned, told apart by their hash and split by it, in bounded memory.
import { createHash } from 'node:crypto'
import { doubtOf, type LeftOut, type Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import { createCorpusWriter, openSplit, type CorpusWriter } from '#main/platform/disk/corpus-files.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import { listSources } from '#main/platform/disk/text-sources.ts'
import { grainOf } from './cut.ts'
import { createHashSet } from './distinct.ts'
import { fieldNamed, nothingLeftOut } from './documents.ts'
import { readSource } from './read.ts'
import { hashFraction, splitOf, splitSmall } from './split.ts'

export interface IngestRequest {
  corpusId: string
  name: string
  /** Where the corpus will be; appears whole or not at all. */
  folder: string
  /** Files and folders on this machine. */
  paths: string[]
  /** Of JSON lines and parquet: where the text stands; absent: `text`. */
  field?: string
}

export interface IngestReport {
  corpusId: string
  name: string
  files: number
  /** Of the text that was kept, UTF-8. */
  bytes: number
  documents: number
  /** Exact duplicates that were left out. */
  duplicates: number
  leftOut: LeftOut
  /** Why it looks like no text; null where it does not. */
  warning: string | null
  /** Equal for two corpora of the same documents in the same order: SHA-256 over those of the documents. */
  content: string
  splits: Record<Split, { documents: number; bytes: number }>
}

export type IngestRecord =
  | { kind: 'progress'; doneBytes: number; totalBytes: number; documents: number; duplicates: number }
  | { kind: 'fields'; fields: string[] }
  | { kind: 'done'; report: IngestReport }

/** More fields than a person would look through are not told. */
const mostFields = 100
/** Bytes of source between two progress records. */
const progressBytes = 2 << 20

/**
 * Yields progress and at last the report; where the text's field was not there, first the fields that hold text. Faults
 * name the file, the line and the field; then, and when `signal` is aborted (Fault `cancelled`), nothing is left behind
 * and a corpus that was in `folder` before is still there.
 */
export async function* ingestCorpus(request: IngestRequest, signal: AbortSignal): AsyncGenerator<IngestRecord> {
  const leftOut = nothingLeftOut()
  const sources = listSources(request.paths, (why) => {
    leftOut.files++
    leftOut.first ??= why
  })
  const totalBytes = sources.reduce((sum, source) => sum + source.bytes, 0)
  const grain = grainOf(totalBytes)
  const content = createHash('sha256')
  const seen = createHashSet()
  const field = fieldNamed(request.field)
  let characters = 0
  let duplicates = 0
  let writer = createCorpusWriter(request.folder)
  try {
    let before = 0
    let told = 0
    const progress = (doneBytes: number): IngestRecord => ({
      kind: 'progress',
      doneBytes,
      totalBytes,
      documents: seen.size,
      duplicates,
    })
    yield progress(0)
    for (const source of sources) {
      for await (const { documents, doneBytes } of readSource(source, grain, leftOut, field)) {
        throwIfCancelled(signal)
        for (const document of documents) {
          characters += document.length
          const bytes = Buffer.from(document, 'utf8')
          const hash = createHash('sha256').update(bytes).digest()
          if (seen.add(hash)) {
            content.update(hash)
            writer.add(splitOf(hashFraction(hash)), bytes)
          } else duplicates++
        }
        if (before + doneBytes - told < progressBytes) continue
        told = before + doneBytes
        yield progress(told)
        throwIfCancelled(signal)
      }
      before += source.bytes
    }
    writer.finish()
    if (splits.some((split) => writer.counts[split].documents === 0)) writer = splitAgain(writer, request.folder)
    const report: IngestReport = {
      corpusId: request.corpusId,
      name: request.name,
      files: sources.length,
      bytes: splits.reduce((sum, split) => sum + writer.counts[split].bytes, 0),
      documents: seen.size,
      duplicates,
      leftOut,
      warning: doubtOf(leftOut, characters),
      content: content.digest('hex'),
      splits: writer.counts,
    }
    yield progress(totalBytes)
    throwIfCancelled(signal)
    writer.keep(report)
    yield { kind: 'done', report }
  } catch (error) {
    if (field.others?.length) yield { kind: 'fields', fields: field.others.slice(0, mostFields) }
    throw error
  } finally {
    writer.discard() // after `keep` there is nothing aside any more
  }
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault('cancelled', 'Adding the corpus was cancelled; nothing of it was kept.')
}

/** A corpus with an empty split is so small that its documents can be dealt out anew. */
function splitAgain(writer: CorpusWriter, folder: string): CorpusWriter {
  const documents = splits.flatMap((split) => {
    const reader = openSplit(writer.folder, split)
    try {
      return Array.from({ length: reader.documents }, (_, index) => Buffer.from(reader.document(index), 'utf8'))
    } finally {
      reader.close()
    }
  })
  if (documents.length < splits.length) {
    throw new Fault(
      'bad-input',
      `This text makes only ${documents.length} different ${documents.length === 1 ? 'document' : 'documents'}. ` +
        'At least 3 are needed, one each for training, validation and testing: about 2 kB of plain text. Add more text.',
    )
  }
  const dealt = splitSmall(documents.map((document) => hashFraction(createHash('sha256').update(document).digest())))
  const again = createCorpusWriter(folder)
  documents.forEach((document, index) => again.add(dealt[index]!, document))
  again.finish()
  return again
}
