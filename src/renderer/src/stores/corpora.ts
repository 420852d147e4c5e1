// The texts, what they are as tokens, and how adding one goes.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Corpus, CorpusChanges, Split, TokenizedCorpus } from '#shared/corpus.ts'
import type { DroppedFile } from '#shared/lab-bridge.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useBridge } from '../bridge.ts'
import { createUploads } from './uploads.ts'
import { useDeletedStore } from './deleted.ts'
import { useNoticesStore } from './notices.ts'
import { withOne } from './with-one.ts'

/** One string for a choice, so that choices can be compared. */
export const tokenizerKey = (choice: TokenizerChoice): string =>
  choice.kind === 'bpe' ? `bpe-${choice.vocabulary}` : choice.kind === 'model' ? `model-${choice.modelId}` : choice.kind

export const useCorporaStore = defineStore('corpora', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const deleted = useDeletedStore()
  const corpora = shallowRef<Corpus[]>([])
  const tokenized = shallowRef<TokenizedCorpus[]>([])
  const isLoaded = ref(false)
  const { uploads, place } = createUploads()

  const put = (corpus: Corpus) => (corpora.value = withOne(corpora.value, corpus))
  const putTokenized = (news: TokenizedCorpus) => {
    const isSame = (one: TokenizedCorpus) =>
      one.corpusId === news.corpusId && tokenizerKey(one.tokenizer) === tokenizerKey(news.tokenizer)
    tokenized.value = [...tokenized.value.filter((one) => !isSame(one)), news]
  }
  bridge.listen('corpus', put)
  bridge.listen(
    'corpusDeleted',
    ({ corpusId }) => (corpora.value = corpora.value.filter((corpus) => corpus.id !== corpusId)),
  )
  bridge.listen('tokenized', putTokenized)

  async function load(): Promise<void> {
    ;[corpora.value, tokenized.value] = await Promise.all([
      bridge.request('listCorpora'),
      bridge.request('listTokenized'),
    ])
    isLoaded.value = true
  }

  const bundled = computed(() => corpora.value.filter((corpus) => corpus.origin === 'bundled'))
  const find = (corpusId: string) => corpora.value.find((corpus) => corpus.id === corpusId) ?? null
  const tokensOf = (corpusId: string, tokenizer: TokenizerChoice) =>
    tokenized.value.find(
      (one) => one.corpusId === corpusId && tokenizerKey(one.tokenizer) === tokenizerKey(tokenizer),
    ) ?? null

  /** Done when the text is ready; tells why when it cannot be. */
  function whenReady(corpusId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (corpus: Corpus | null) => {
        if (corpus?.state === 'finished') resolve()
        else if (corpus && !isUnderWay(corpus)) reject(new Error(corpus.message ?? `${corpus.name} could not be read.`))
        else return false
        return true
      }
      if (settle(find(corpusId))) return
      const stop = bridge.listen('corpus', (corpus) => {
        if (corpus.id === corpusId && settle(corpus)) stop()
      })
    })
  }

  const add = (paths: string[], name: string) =>
    notices.attempt(async () => {
      const corpus = await bridge.request('addCorpus', paths, name)
      put(corpus)
      return corpus
    })

  /** Files dropped on the window: taken where they lie, or sent to the lab's machine first. */
  const addFiles = (files: DroppedFile[]) =>
    notices.attempt(async () => {
      const paths = await place(files)
      return add(paths, nameOfFiles(files.map((file) => file.name)))
    })

  /** Its name, licence, notes, or the field that holds the text. */
  const change = (corpusId: string, changes: CorpusChanges) =>
    notices.attempt(async () => put(await bridge.request('changeCorpus', corpusId, changes)))
  const cancel = (corpusId: string) => notices.attempt(async () => put(await bridge.request('cancelCorpus', corpusId)))
  const remove = (corpus: Corpus) =>
    notices.attempt(async () => {
      await bridge.request('deleteCorpus', corpus.id)
      corpora.value = corpora.value.filter((one) => one.id !== corpus.id)
      deleted.announce({ kind: 'corpus', id: corpus.id }, `${corpus.name} is deleted.`)
    })

  /** Fails quietly into the tokenized record's own message; only a refusal is told. */
  const tokenize = (corpusId: string, tokenizer: TokenizerChoice) =>
    notices.attempt(async () => putTokenized(await bridge.request('tokenizeCorpus', corpusId, tokenizer)))
  const text = (corpusId: string, split: Split, document: number) =>
    bridge.request('corpusText', corpusId, split, document)
  const sample = (corpusId: string, tokenizer: TokenizerChoice, split: Split, document: number) =>
    bridge.request('sampleCorpus', corpusId, tokenizer, split, document)

  return {
    corpora,
    tokenized,
    bundled,
    uploads,
    isLoaded,
    load,
    find,
    tokensOf,
    whenReady,
    add,
    addFiles,
    change,
    cancel,
    remove,
    tokenize,
    text,
    sample,
  }
})

/** What to call a corpus made of these files until the person says better. */
export function nameOfFiles(names: string[]): string {
  const base =
    (names[0] ?? 'text')
      .split(/[\\/]/)
      .filter(Boolean)
      .pop()
      ?.replace(/\.[a-z0-9]{1,8}$/i, '') || 'text'
  return names.length > 1 ? `${base} and ${names.length - 1} more` : base
}
