// The texts: what came with the lab and what a person added, read by a worker, one at a time.
import { longestSilenceMs } from '#shared/bounds.ts'
import { Fault, isDiskFull } from '#shared/fault.ts'
import type { Corpus, CorpusChanges, Split } from '#shared/corpus.ts'
import type { BundledCorpus } from '#main/core/corpus/bundled.ts'
import type { IngestRecord, IngestReport } from '#main/core/corpus/ingest.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue } from '#main/lab/task-queue.ts'
import { withoutLeftovers } from '#main/platform/disk/text-files.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { CorpusEntry, CorpusStore } from './corpus-store.ts'

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
  /** The files that corpora are read from, of all that are not forgotten. */
  paths(): string[]
  pathsOf(id: string): string[]
  /** Reads what is not read yet: the bundled texts at the first start, and what an end in the middle left undone. */
  begin(): void
  add(paths: string[], name: string, field?: string): Corpus
  /** What a person says of it; another field reads one again that could not be read. */
  change(id: string, changes: CorpusChanges): Corpus
  cancel(id: string): Promise<Corpus>
  delete(id: string): Promise<void>
  restore(id: string): Corpus
  /** Waits until it is read; throws the Fault that says why it cannot be used. */
  whenReady(id: string, signal?: AbortSignal): Promise<Corpus>
  close(): Promise<void>
  deleted(): { record: CorpusEntry; deletedMs: number }[]
  /** For good, with its files. */
  forget(id: string): Promise<void>
}

const noSplits = (): Record<Split, { documents: number; bytes: number }> => ({
  train: { documents: 0, bytes: 0 },
  validation: { documents: 0, bytes: 0 },
  test: { documents: 0, bytes: 0 },
})

export function createCorpora(deps: CorporaDeps): Corpora {
  const { store, news, fork } = deps
  const queue = createTaskQueue<Corpus>({
    idOf: ({ id }) => id,
    store: {
      read: (id) => store.read(id).corpus,
      write: (corpus) => store.write({ ...store.read(corpus.id), corpus }),
      keep: (corpus) => store.keep({ ...store.read(corpus.id), corpus }),
    },
    tell: (corpus) => news.tell('corpus', corpus),
    tellEveryMs: 100,
    atEnd: () => ({ progress: null }),
    work: async (task) => {
      const { id, name, origin, field } = task.record
      let report: IngestReport | null = null
      const onRecord = (record: IngestRecord) => {
        if (record.kind === 'done') report = record.report
        else if (record.kind === 'fields') task.set({ fields: record.fields })
        else {
          const { doneBytes, totalBytes, documents, duplicates } = record
          task.progress({ progress: { doneBytes, totalBytes }, documents, duplicates })
        }
      }
      const request = { corpusId: id, name, folder: deps.folderOf(id), paths: store.read(id).paths, field }
      await withoutLeftovers(
        request.folder,
        workToEnd<IngestRecord>(
          fork,
          { kind: 'ingest', request },
          { signal: task.signal, onRecord, silenceMs: longestSilenceMs },
        ),
      )
      if (!report) throw new Error('the text was read and no report of it came')
      const { bytes, documents, duplicates, leftOut, warning, content, splits } = report as IngestReport
      const twin = store.list().find(({ corpus }) => corpus.id !== id && corpus.content === content)
      const message = twin ? `This is the very text of “${twin.corpus.name}”, which is here already.` : null
      // What lies beside the bundled texts in their packages was not meant to be read.
      const counted = origin === 'bundled' ? {} : { leftOut, warning }
      return { bytes, documents, duplicates, ...counted, content, splits, message }
    },
  })

  const take = (
    parts: Pick<Corpus, 'id' | 'name' | 'origin' | 'source' | 'licence' | 'field'>,
    paths: string[],
  ): Corpus => {
    const corpus: Corpus = {
      ...parts,
      state: 'queued',
      bytes: 0,
      documents: 0,
      duplicates: 0,
      splits: noSplits(),
      createdMs: deps.nowMs(),
      progress: { doneBytes: 0, totalBytes: 0 },
      message: null,
    }
    store.write({ corpus, paths })
    return queue.enqueue(corpus)
  }

  /** On a full disk they are taken at the next start, and the lab opens all the same. */
  const takeIfItFits = (...corpus: Parameters<typeof take>): void => {
    try {
      take(...corpus)
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
  }
  const takeAgain = ({ corpus, paths }: CorpusEntry): void => {
    const queued: Corpus = { ...corpus, state: 'queued', message: null, code: null }
    store.keep({ corpus: queued, paths })
    queue.enqueue(queued)
  }

  return {
    list: () => store.list().map(({ corpus }) => corpus),
    read: (id) => store.read(id).corpus,
    paths: () => [...store.list(), ...store.listDeleted().map(({ record }) => record)].flatMap(({ paths }) => paths),
    pathsOf: store.pathsOf,
    begin: () => {
      const here = new Map(store.list().map((entry) => [entry.corpus.id, entry]))
      for (const { id, name, licence, source, paths } of deps.bundled) {
        const entry = here.get(id)
        here.delete(id)
        if (!entry) takeIfItFits({ id, name, origin: 'bundled', source, licence }, paths)
        else if (entry.corpus.state !== 'finished') takeAgain({ ...entry, paths })
      }
      for (const entry of here.values()) if (wasLeft(entry.corpus)) takeAgain(entry)
    },
    add: (paths, name, field) =>
      take(
        {
          id: deps.newId(),
          name,
          origin: 'added',
          source: paths.length === 1 ? paths[0] : `${paths[0]} and ${paths.length - 1} more`,
          licence: null,
          ...(field === undefined ? {} : { field }),
        },
        paths,
      ),
    change: (id, { field, ...said }) => {
      const entry = store.read(id)
      const { corpus } = entry
      if (corpus.origin === 'bundled' && said.licence !== undefined && said.licence !== corpus.licence)
        throw new Fault('conflict', `${corpus.name} came with the lab, under the licence that it states.`)
      if (field !== undefined && corpus.state !== 'failed' && corpus.state !== 'cancelled')
        throw new Fault('conflict', `${corpus.name} is read already. Add its files again to read another field.`)
      if (isUnderWay(corpus)) throw new Fault('conflict', `${corpus.name} is still being read. Wait for its end.`)
      const changed: Corpus = { ...corpus, ...definedOf(said) }
      if (field !== undefined)
        return queue.resume(id, { ...changed, field, progress: { doneBytes: 0, totalBytes: 0 }, code: null })
      store.write({ ...entry, corpus: changed })
      news.tell('corpus', changed)
      return changed
    },
    cancel: async (id) => {
      const { corpus } = store.read(id)
      if (!isUnderWay(corpus) && corpus.state !== 'paused')
        throw new Fault('conflict', `${corpus.name} is not being read.`)
      return queue.end(id, 'cancelled')
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
      await queue.leave(id)
      store.setDeleted(id, deps.nowMs())
      news.tell('corpusDeleted', { corpusId: id })
    },
    restore: (id) => {
      store.setDeleted(id, null)
      const { corpus } = store.read(id)
      news.tell('corpus', corpus)
      return corpus
    },
    whenReady: async (id, signal) => {
      if (store.read(id).corpus.state === 'paused') queue.goOn()
      await Promise.race([queue.ended(id), aborted(signal)])
      const { corpus } = store.read(id)
      if (corpus.state === 'finished') return corpus
      throw corpus.state === 'paused'
        ? new Fault('disk-full', corpus.message ?? 'The disk is full.')
        : new Fault('conflict', `${corpus.name} cannot be used: ${corpus.message ?? 'reading it was cancelled.'}`)
    },
    close: async () => {
      await queue.close()
      store.close()
    },
    deleted: store.listDeleted,
    forget: async (id) => {
      await deps.removeFiles(id)
      store.forget(id)
    },
  }
}

/** Without fields that are there but undefined. */
const definedOf = <T extends object>(changes: T): T =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as T

/** A session ended in the middle of reading it, or found the disk full. */
const wasLeft = ({ state }: Corpus): boolean =>
  state === 'queued' || state === 'running' || state === 'interrupted' || state === 'paused'

/** Rejects when `signal` aborts, and never resolves. */
const aborted = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const cancel = () => reject(new Fault('cancelled', 'Cancelled.'))
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
  })
