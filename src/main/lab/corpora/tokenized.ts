// Tokens: each corpus under each tokenizer it was asked for, made once by a worker and found again by a
// hash of both.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { longestSilenceMs } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { withTaskState } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue, type Task } from '#main/lab/task-queue.ts'
import type { Database } from '#main/platform/disk/database.ts'
import type { TokenizeRecord } from '#main/core/tokenizer/tokenize-corpus.ts'
import { readTextFile, withoutLeftovers } from '#main/platform/disk/text-files.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { Corpora } from './corpora.ts'

export interface TokenizedDeps {
  db: Database
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  corpora: Pick<Corpora, 'read' | 'list' | 'whenReady'>
  corpusFolder: (corpusId: string) => string
  tokensFolder: (key: string) => string
  /** Where an imported model lies with its tokenizer; undefined where it is not there any more. */
  modelFolder?: (modelId: string) => string | undefined
  removeFiles: (key: string) => Promise<void>
}

export interface TokenizedCorpora {
  list(): TokenizedCorpus[]
  find(corpusId: string, tokenizer: TokenizerChoice): TokenizedCorpus | null
  folderOf(corpusId: string, tokenizer: TokenizerChoice): string
  /** SHA-256 of tokenizer.json; null until the tokens are there. */
  tokenizerHash(corpusId: string, tokenizer: TokenizerChoice): string | null
  /** Begins where it has not begun; tells news until it is ready. */
  start(corpusId: string, tokenizer: TokenizerChoice): TokenizedCorpus
  /** Waits until it is ready; throws the Fault that says why it is not. */
  ensure(corpusId: string, tokenizer: TokenizerChoice, signal?: AbortSignal): Promise<TokenizedCorpus>
  /** The same from the corpus on; `tell` says what is waited for. Gives the folder of the tokens. */
  prepare(
    corpusId: string,
    tokenizer: TokenizerChoice,
    tell: (message: string) => void,
    signal: AbortSignal,
  ): Promise<string>
  /** Where tokens of a corpus lie. */
  foldersOf(corpusId: string): string[]
  /** Removes the tokens of a corpus from the disk. */
  removeOf(corpusId: string): Promise<void>
  close(): Promise<void>
}

/** The same text and the same tokenizer have the same key, wherever they are. */
function tokensKey(corpus: Pick<Corpus, 'id' | 'bytes' | 'documents'>, tokenizer: TokenizerChoice): string {
  const choice =
    tokenizer.kind === 'bpe'
      ? `bpe-${tokenizer.vocabulary}`
      : tokenizer.kind === 'model'
        ? `model-${tokenizer.modelId}`
        : tokenizer.kind
  const hash = createHash('sha256')
    .update(JSON.stringify([corpus.id, corpus.bytes, corpus.documents, choice]))
    .digest('hex')
  return `${choice}-${hash.slice(0, 16)}`
}

/** Older labs wrote down tokens that were not whole yet: nothing of them is there. */
const isWhole = "json_extract(record, '$.state') IN ('finished', 'ready')"

export function createTokenized(deps: TokenizedDeps): TokenizedCorpora {
  const { db, news, corpora } = deps

  const idOf = ({ corpusId, tokenizer }: Pick<TokenizedCorpus, 'corpusId' | 'tokenizer'>): string =>
    `${corpusId} ${JSON.stringify(tokenizer)}`
  const keyOf = (corpusId: string, tokenizer: TokenizerChoice) => tokensKey(corpora.read(corpusId), tokenizer)
  /** Tokens that are waited for, made, or were in this session, by their id; only what is finished is written down. */
  const current = new Map<string, TokenizedCorpus>()
  const put = (record: TokenizedCorpus): void =>
    void db.run(
      'INSERT INTO tokenized (key, corpus, record) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record',
      keyOf(record.corpusId, record.tokenizer),
      record.corpusId,
      JSON.stringify(record),
    )
  const keep = (record: TokenizedCorpus): void => void current.set(idOf(record), record)
  const queue = createTaskQueue<TokenizedCorpus>({
    idOf,
    store: { read: (id) => current.get(id)!, write: keep, keep },
    tell: (record) => news.tell('tokenized', record),
    tellEveryMs: 100,
    atStart: { progress: 0 },
    atEnd: () => ({ progress: null }),
    work: async (task) => {
      const end = await tokenize(task)
      put({ ...task.record, ...end, state: 'finished', progress: null })
      return end
    },
  })
  const find = (corpusId: string, tokenizer: TokenizerChoice): TokenizedCorpus | null => {
    const known = current.get(idOf({ corpusId, tokenizer }))
    if (known) return known
    const row = db.get<{ record: string }>(
      `SELECT record FROM tokenized WHERE key = ? AND ${isWhole}`,
      keyOf(corpusId, tokenizer),
    )
    return row ? withTaskState(JSON.parse(row.record) as TokenizedCorpus) : null
  }

  const tokenize = async (task: Task<TokenizedCorpus>): Promise<Partial<TokenizedCorpus>> => {
    const { corpusId, tokenizer } = task.record
    await corpora.whenReady(corpusId, task.signal)
    let done: Extract<TokenizeRecord, { kind: 'done' }> | null = null
    const onRecord = (record: TokenizeRecord) => {
      if (record.kind === 'done') done = record
      else task.progress({ progress: record.progress })
    }
    const request = {
      corpusFolder: deps.corpusFolder(corpusId),
      tokensFolder: deps.tokensFolder(keyOf(corpusId, tokenizer)),
      tokenizer,
      ...(tokenizer.kind === 'model' ? { tokenizerFolder: deps.modelFolder?.(tokenizer.modelId) } : {}),
    }
    await withoutLeftovers(
      request.tokensFolder,
      workToEnd<TokenizeRecord>(
        deps.fork,
        { kind: 'tokenize', request },
        { signal: task.signal, onRecord, silenceMs: longestSilenceMs },
      ),
    )
    if (!done) throw new Error('the corpus was tokenized and no report of it came')
    const { vocabulary, tokens, bytesPerToken } = (done as Extract<TokenizeRecord, { kind: 'done' }>).report
    return { vocabulary, tokens, bytesPerToken }
  }

  const start = (corpusId: string, tokenizer: TokenizerChoice): TokenizedCorpus => {
    const known = find(corpusId, tokenizer)
    if (known?.state === 'paused') queue.goOn()
    else if (known?.state === 'failed') return queue.resume(idOf(known), { progress: 0 })
    return find(corpusId, tokenizer) ?? queue.add(blank(corpusId, tokenizer))
  }

  const ensure: TokenizedCorpora['ensure'] = async (corpusId, tokenizer, signal) => {
    await corpora.whenReady(corpusId, signal)
    const id = idOf(start(corpusId, tokenizer))
    if (current.has(id)) await Promise.race([queue.ended(id), cancelled(signal)])
    const record = find(corpusId, tokenizer)!
    if (record.state !== 'finished')
      throw new Fault(record.code ?? 'cancelled', record.message ?? 'Making the tokens was cancelled.')
    return record
  }

  const keysOf = (corpusId: string): string[] =>
    db.all<{ key: string }>('SELECT key FROM tokenized WHERE corpus = ?', corpusId).map(({ key }) => key)

  return {
    list: () => {
      const here = new Set(corpora.list().map((corpus) => corpus.id))
      const kept = db
        .all<{ record: string }>(`SELECT record FROM tokenized WHERE ${isWhole}`)
        .map((row) => withTaskState(JSON.parse(row.record) as TokenizedCorpus))
      const all = new Map([...kept.map((record) => [idOf(record), record] as const), ...current])
      return [...all.values()].filter(({ corpusId }) => here.has(corpusId))
    },
    find,
    folderOf: (corpusId, tokenizer) => deps.tokensFolder(keyOf(corpusId, tokenizer)),
    tokenizerHash: (corpusId, tokenizer) => {
      if (find(corpusId, tokenizer)?.state !== 'finished') return null
      const text = readTextFile(join(deps.tokensFolder(keyOf(corpusId, tokenizer)), 'tokenizer.json'))
      return createHash('sha256').update(text).digest('hex')
    },
    start: (corpusId, tokenizer) => {
      corpora.read(corpusId)
      return start(corpusId, tokenizer)
    },
    ensure,
    prepare: async (corpusId, tokenizer, tell, signal) => {
      if (corpora.read(corpusId).state !== 'finished') tell('Waiting for the corpus to be read.')
      await corpora.whenReady(corpusId, signal)
      if (find(corpusId, tokenizer)?.state !== 'finished') tell('Waiting for the tokens.')
      await ensure(corpusId, tokenizer, signal)
      return deps.tokensFolder(keyOf(corpusId, tokenizer))
    },
    foldersOf: (corpusId) => keysOf(corpusId).map(deps.tokensFolder),
    removeOf: async (corpusId) => {
      for (const key of keysOf(corpusId)) await deps.removeFiles(key)
    },
    close: async () => {
      await queue.close()
    },
  }
}

const blank = (corpusId: string, tokenizer: TokenizerChoice): TokenizedCorpus => ({
  corpusId,
  tokenizer,
  state: 'queued',
  vocabulary: vocabularyOf(tokenizer),
  tokens: { train: 0, validation: 0, test: 0 },
  bytesPerToken: 0,
  progress: null,
  message: null,
})

const cancelled = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const cancel = () => reject(new Fault('cancelled', 'Cancelled.'))
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
  })
