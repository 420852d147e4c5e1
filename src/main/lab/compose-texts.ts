// Corpora and their tokens, put together: each removes what the other holds of it.
import { createCorpora } from '#main/lab/corpora/corpora.ts'
import { createCorpusStore } from '#main/lab/corpora/corpus-store.ts'
import { createTokenized } from '#main/lab/corpora/tokenized.ts'
import type { News } from '#main/lab/news.ts'
import { bundledCorpora } from '#main/core/corpus/bundled.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { StudyStore } from './studies/study-store.ts'
import { forgetUploads } from './uploads.ts'

export interface ComposeTextsDeps {
  db: Database
  news: News
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  home: string
  studyStore: Pick<StudyStore, 'list'>
  corpusFolder: (id: string) => string
  tokensFolder: (key: string) => string
  /** Where an imported model lies with its tokenizer. */
  modelFolder: (modelId: string) => string
}

export function composeTexts(deps: ComposeTextsDeps) {
  const { db, news, fork, nowMs, newId, home, studyStore, corpusFolder, tokensFolder } = deps
  const corpora = createCorpora({
    store: createCorpusStore(db),
    news,
    fork,
    nowMs,
    newId,
    bundled: bundledCorpora(),
    folderOf: corpusFolder,
    usedBy: (id) =>
      studyStore
        .list()
        .filter((study) => study.corpusId === id)
        .map(({ name }) => name),
    removeFiles: async (id) => {
      await tokenized.removeOf(id)
      await removeFolder(corpusFolder(id))
      await forgetUploads(home, corpora.pathsOf(id))
    },
  })
  const tokenized = createTokenized({
    db,
    news,
    fork,
    nowMs,
    corpora,
    corpusFolder,
    tokensFolder,
    modelFolder: deps.modelFolder,
    removeFiles: (key) => removeFolder(tokensFolder(key)),
  })
  return { corpora, tokenized }
}
