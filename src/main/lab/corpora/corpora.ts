// The shelf of texts: what came with the lab and what a person added, read by a worker, one at a time.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { Corpus, Split } from '#shared/corpus.ts'
import type { BundledCorpus } from '#main/core/corpus/bundled.ts'
import type { IngestRecord, IngestReport } from '#main/core/corpus/ingest.ts'
import type { News } from '#main/lab/news.ts'
import { createLine } from '#main/platform/processes/line.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { CorpusStore } from './corpus-store.ts'

export interface CorporaDeps {
  store: CorpusStore
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  bundled: readonly BundledCorpus[]
  folderOf: (corpusId: string) => string
  /** Names of the studies that use a corpus. */
  usedBy: (corpusId: string) => string[]
  /** Removes what lies on disk for a corpus. */
  removeFiles: (corpusId: string) => Promise<void>
}

export interface Corpora {
  list(): Corpus[]
  read(id: string): Corpus
  /** Reads what is not read yet: the bundled texts at the first start, and what an end in the middle left undone. */
  begin(): void
  add(paths: string[], name: string): Corpus
  cancel(id: string): Promise<Corpus>
  delete(id: string): Promise<void>
  restore(id: string): Corpus
  /** Waits until it is read; throws the Fault that says why it cannot be used. */
  whenReady(id: string, signal?: AbortSignal): Promise<Corpus>
  close(): Promise<void>
  /** Forgets what was deleted, for good. */
  purge(): Promise<void>
}

interface Ingestion {
  stopping: AbortController
  /** Its turn has come. */
  hasBegun: boolean
  ended: Promise<void>
}

const noSplits = (): Record<Split, { documents: number; bytes: number }> => ({
  train: { documents: 0, bytes: 0 },
  validation: { documents: 0, bytes: 0 },
  test: { documents: 0, bytes: 0 },
})

export function createCorpora(deps: CorporaDeps): Corpora {
  const { store, news, fork } = deps
  const line = createLine()
  const ingestions = new Map<string, Ingestion>()
  let isClosing = false

  const change = (id: string, changes: Partial<Corpus>, how: 'keep' | 'tell' = 'keep'): Corpus => {
    const entry = store.read(id)
    const corpus = { ...entry.corpus, ...changes }
    if (how === 'keep') store.write({ ...entry, corpus })
    news.tell('corpus', corpus)
    return corpus
  }

  const ingest = async (id: string, signal: AbortSignal): Promise<void> => {
    const { corpus, paths } = store.read(id)
    let report: IngestReport | null = null
    let toldMs = 0
    const onRecord = (record: IngestRecord) => {
      if (record.kind === 'done') report = record.report
      else if (deps.nowMs() - toldMs >= 100) {
        toldMs = deps.nowMs()
        const { doneBytes, totalBytes, documents, duplicates } = record
        change(id, { progress: { doneBytes, totalBytes }, documents, duplicates }, 'tell')
      }
    }
    try {
      await workToEnd<IngestRecord>(
        fork,
        { kind: 'ingest', request: { corpusId: id, name: corpus.name, folder: deps.folderOf(id), paths } },
        { signal, onRecord },
      )
      if (!report) throw new Error('the text was read and no report of it came')
      const { bytes, documents, duplicates, splits } = report as IngestReport
      change(id, { state: 'finished', bytes, documents, duplicates, splits, progress: null, message: null })
    } catch (error) {
      if (isClosing) return // read again at the next start
      const { code, message } = toFaultData(error)
      change(
        id,
        code === 'cancelled'
          ? { state: 'cancelled', progress: null, message: null }
          : { state: 'failed', progress: null, message },
      )
    }
  }

  const start = (id: string): void => {
    const stopping = new AbortController()
    const ingestion: Ingestion = { stopping, hasBegun: false, ended: Promise.resolve() }
    ingestions.set(id, ingestion)
    ingestion.ended = line
      .add(async () => {
        ingestion.hasBegun = true
        if (!stopping.signal.aborted) await ingest(id, stopping.signal)
      })
      .finally(() => {
        if (ingestions.get(id) === ingestion) ingestions.delete(id)
      })
  }

  const shelve = (parts: Pick<Corpus, 'id' | 'name' | 'origin' | 'source' | 'licence'>, paths: string[]): Corpus => {
    const corpus: Corpus = {
      ...parts,
      state: 'running',
      bytes: 0,
      documents: 0,
      duplicates: 0,
      splits: noSplits(),
      createdMs: deps.nowMs(),
      progress: { doneBytes: 0, totalBytes: 0 },
      message: null,
    }
    store.write({ corpus, paths })
    news.tell('corpus', corpus)
    start(corpus.id)
    return corpus
  }

  const stop = async (id: string): Promise<void> => {
    const ingestion = ingestions.get(id)
    ingestion?.stopping.abort()
    if (ingestion?.hasBegun) await ingestion.ended
    else ingestions.delete(id)
  }

  return {
    list: () => store.list().map(({ corpus }) => corpus),
    read: (id) => store.read(id).corpus,
    begin: () => {
      const here = new Map(store.list().map((entry) => [entry.corpus.id, entry]))
      for (const { id, name, licence, source, paths } of deps.bundled) {
        const entry = here.get(id)
        if (!entry) shelve({ id, name, origin: 'bundled', source, licence }, paths)
        else if (entry.corpus.state !== 'finished') {
          here.delete(id)
          store.write({ corpus: { ...entry.corpus, state: 'running', message: null }, paths })
          start(id)
        }
      }
      for (const { corpus } of here.values()) if (corpus.state === 'running') start(corpus.id)
    },
    add: (paths, name) =>
      shelve(
        {
          id: deps.newId(),
          name,
          origin: 'added',
          source: paths.length === 1 ? paths[0] : `${paths[0]} and ${paths.length - 1} more`,
          licence: null,
        },
        paths,
      ),
    cancel: async (id) => {
      const { corpus } = store.read(id)
      if (corpus.state !== 'running') throw new Fault('conflict', `${corpus.name} is not being read.`)
      await stop(id)
      const after = store.read(id).corpus
      return after.state === 'running' ? change(id, { state: 'cancelled', progress: null }) : after
    },
    delete: async (id) => {
      const { corpus } = store.read(id)
      if (corpus.origin === 'bundled')
        throw new Fault('conflict', `${corpus.name} came with the lab and cannot be deleted.`)
      const users = deps.usedBy(id)
      if (users.length > 0)
        throw new Fault(
          'conflict',
          `${corpus.name} is used by ${users.map((user) => `“${user}”`).join(', ')}. Choose another corpus there first.`,
        )
      await stop(id)
      store.setDeleted(id, true)
      news.tell('corpusDeleted', { corpusId: id })
    },
    restore: (id) => {
      store.setDeleted(id, false)
      const { corpus } = store.read(id)
      news.tell('corpus', corpus)
      return corpus
    },
    whenReady: async (id, signal) => {
      for (;;) {
        const { corpus } = store.read(id)
        if (corpus.state === 'finished') return corpus
        const ingestion = ingestions.get(id)
        if (!ingestion)
          throw new Fault('conflict', `${corpus.name} cannot be used: ${corpus.message ?? 'reading it was cancelled.'}`)
        await Promise.race([ingestion.ended, aborted(signal)])
      }
    },
    close: async () => {
      isClosing = true
      for (const { stopping } of ingestions.values()) stopping.abort()
      await line.idle()
    },
    purge: async () => {
      for (const id of store.listDeleted()) {
        await deps.removeFiles(id)
        store.forget(id)
      }
    },
  }
}

/** Rejects when `signal` aborts, and never resolves. */
const aborted = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const cancel = () => reject(new Fault('cancelled', 'Cancelled.'))
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
  })
