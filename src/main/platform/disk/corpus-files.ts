// A corpus folder: for each split the documents' bytes end to end, and the end of each as a 64-bit float, so that any
// of them is one read away.
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import {
  createAppender,
  createStagingFolder,
  diskFault,
  readFully,
  splits,
  writeTextFile,
  type Appender,
  type StagingFolder,
} from './text-files.ts'

const textPath = (folder: string, split: Split) => join(folder, `${split}.txt`)
const endsPath = (folder: string, split: Split) => join(folder, `${split}.ends`)
const reportPath = (folder: string) => join(folder, 'corpus.json')

export interface CorpusWriter {
  add(split: Split, document: Uint8Array): void
  counts: Record<Split, { documents: number; bytes: number }>
  /** Writes what is left; the documents can then be read from `folder`, and the corpus be kept. */
  finish(): void
  folder: string
  keep(report: unknown): void
  discard(): void
}

/** A corpus written aside; the folder itself appears with `keep`. */
export function createCorpusWriter(folder: string): CorpusWriter {
  const staging: StagingFolder = createStagingFolder(folder)
  const counts = {
    train: { documents: 0, bytes: 0 },
    validation: { documents: 0, bytes: 0 },
    test: { documents: 0, bytes: 0 },
  }
  const files: Record<string, { text: Appender; ends: Appender }> = {}
  for (const split of splits)
    files[split] = {
      text: createAppender(textPath(staging.folder, split)),
      ends: createAppender(endsPath(staging.folder, split), 1 << 14),
    }
  const each = (work: (appender: Appender) => void) => {
    for (const { text, ends } of Object.values(files)) {
      work(text)
      work(ends)
    }
  }
  return {
    folder: staging.folder,
    counts,
    add(split, document) {
      const count = counts[split]
      files[split]!.text.append(document)
      count.documents++
      count.bytes += document.byteLength
      files[split]!.ends.append(new Uint8Array(Float64Array.of(count.bytes).buffer))
    },
    finish: () => each((appender) => appender.finish()),
    keep(report) {
      writeTextFile(reportPath(staging.folder), `${JSON.stringify(report, null, 2)}\n`)
      staging.keep()
    },
    discard() {
      each((appender) => appender.abandon())
      staging.discard()
    },
  }
}

export interface SplitReader {
  documents: number
  bytes: number
  /** The text of document `index`, counted from 0. */
  document(index: number): string
  close(): void
}

/** One split of a corpus, read where it is asked for: nothing is held. */
export function openSplit(folder: string, split: Split): SplitReader {
  const path = textPath(folder, split)
  let text = -1
  let ends = -1
  try {
    text = openSync(path, 'r')
    ends = openSync(endsPath(folder, split), 'r')
  } catch (error) {
    if (text >= 0) closeSync(text)
    throw diskFault(error, path)
  }
  const bytes = fstatSync(text).size
  const documents = fstatSync(ends).size / 8
  // The ends are read a page at a time, for documents are mostly asked for in turn.
  const pageEnds = 4096
  const page = new Float64Array(pageEnds)
  let pageAt = -1
  const endOf = (index: number): number => {
    if (index < 0) return 0
    const at = Math.floor(index / pageEnds)
    if (at !== pageAt) {
      const count = Math.min(pageEnds, documents - at * pageEnds)
      readFully(ends, new Uint8Array(page.buffer, 0, count * 8), at * pageEnds * 8)
      pageAt = at
    }
    return page[index - at * pageEnds]!
  }
  const isWhole = () => Number.isInteger(documents) && (documents === 0 ? bytes === 0 : endOf(documents - 1) === bytes)
  const close = () => {
    closeSync(text)
    closeSync(ends)
  }
  if (!isWhole()) {
    close()
    throw new Fault('damaged', `${path} and its index do not belong together. Add the corpus again.`)
  }
  return {
    documents,
    bytes,
    document(index) {
      if (!Number.isInteger(index) || index < 0 || index >= documents) {
        throw new Fault('not-found', `The ${split} split has ${documents} documents; there is no document ${index}.`)
      }
      const from = endOf(index - 1)
      const document = Buffer.allocUnsafe(endOf(index) - from)
      readFully(text, document, from)
      return document.toString('utf8')
    },
    close,
  }
}

/** The documents of a split in their fixed order, every `stride`-th of them. */
export function* readDocuments(folder: string, split: Split, stride = 1): Generator<string> {
  const reader = openSplit(folder, split)
  try {
    for (let index = 0; index < reader.documents; index += stride) yield reader.document(index)
  } finally {
    reader.close()
  }
}
