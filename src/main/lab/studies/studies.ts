// Studies: made, changed, copied, put away, written to a document and read back.
import { Fault } from '#shared/fault.ts'
import { planLadder, type SplitTokens } from '#shared/family/plan.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import type { Machine } from '#shared/engine.ts'
import type { Corpus } from '#shared/corpus.ts'
import type { Study, StudyChanges, StudyDocument } from '#shared/study.ts'
import { changedStudy } from '#shared/study-changes.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import type { News } from '#main/lab/news.ts'
import { whatRunsInvalidate, type UnderWay } from './changes.ts'
import type { StudyStore } from './study-store.ts'

type MachineFacts = Pick<Machine, 'memoryBytes' | 'calibration'>

/** Characters of a twin's name, with room for a number. */
const longestName = 110

export interface StudiesDeps {
  store: StudyStore
  news: Pick<News, 'tell'>
  nowMs: () => number
  newId: () => string
  corpora: () => Corpus[]
  /** Tokens of the splits, null until they are there. */
  splits: (corpusId: string, tokenizer: TokenizerChoice) => SplitTokens | null
  /** What is known of the machine, measured or not. */
  machine: () => MachineFacts
  /** Runs of a study that wait or train. */
  underWay: (studyId: string) => UnderWay[]
}

export interface Studies {
  list(): Study[]
  read(id: string): Study
  create(name: string): Study
  update(id: string, changes: StudyChanges): Study
  duplicate(id: string): Study
  delete(id: string): void
  restore(id: string): Study
  document(id: string): StudyDocument
  import(document: StudyDocument): Study
  /** On this computer unless told otherwise. */
  plan(id: string, machine?: MachineFacts): MemberPlan[]
  /** The same under another recipe. */
  planWith(study: Study, recipe: Recipe): MemberPlan[]
  /** A copy under another recipe and this name, or one that is free. */
  twin(study: Study, name: string, recipe: Recipe): Study
}

export function createStudies(deps: StudiesDeps): Studies {
  const { store, news, nowMs, newId } = deps

  const keep = (study: Study): Study => {
    store.write(study)
    news.tell('study', study)
    return study
  }
  const make = (parts: Pick<Study, 'name' | 'corpusId' | 'tokenizer' | 'recipe' | 'ladder' | 'lock'>): Study =>
    keep({ id: newId(), ...parts, isArchived: false, createdMs: nowMs(), updatedMs: nowMs() })
  const freeName = (wanted: string): string => {
    const taken = new Set(store.list().map((study) => study.name))
    for (let n = 1; ; n++) {
      const name = n === 1 ? wanted : `${wanted} ${n}`
      if (!taken.has(name)) return name
    }
  }

  const planWith = (
    { corpusId, tokenizer, ladder }: Study,
    recipe: Recipe,
    machine: MachineFacts = deps.machine(),
  ): MemberPlan[] =>
    planLadder(ladder, { recipe, vocabulary: vocabularyOf(tokenizer) }, deps.splits(corpusId, tokenizer), machine)

  return {
    list: store.list,
    read: store.read,
    create: (name) => {
      const corpora = deps.corpora()
      const corpus = corpora.find((one) => one.origin === 'bundled') ?? corpora[0]
      const { tokenizer, recipe, ladder } = studyPartsOf(starterPreset)
      return make({
        name,
        corpusId: corpus?.id ?? '',
        tokenizer: tokenizer ?? { kind: 'bpe', vocabulary: 1024 },
        recipe,
        ladder,
      })
    },
    update: (id, changes) => {
      const study = store.read(id)
      if (
        changes.corpusId !== undefined &&
        changes.corpusId !== study.corpusId &&
        !deps.corpora().some((corpus) => corpus.id === changes.corpusId)
      ) {
        throw new Fault('bad-input', 'changes.corpusId: there is no such corpus.')
      }
      const invalidated = whatRunsInvalidate(study, changes, deps.underWay(id))
      if (invalidated) throw new Fault('conflict', invalidated)
      return keep({ ...changedStudy(study, definedOf(changes)), updatedMs: nowMs() })
    },
    duplicate: (id) => {
      const { name, corpusId, tokenizer, recipe, ladder } = store.read(id)
      // A copy of a copy is another copy of the first: `Sea story copy 2`.
      return make({ name: freeName(name.replace(/( copy( \d+)?)?$/, ' copy')), corpusId, tokenizer, recipe, ladder })
    },
    delete: (id) => {
      store.setDeleted(id, nowMs())
      news.tell('studyDeleted', { studyId: id })
    },
    restore: (id) => {
      store.setDeleted(id, null)
      return keep(store.read(id))
    },
    document: (id) => {
      const { name, corpusId, tokenizer, recipe, ladder } = store.read(id)
      const corpus = deps.corpora().find((one) => one.id === corpusId)
      return {
        format: 'isoflop-study',
        version: 1,
        name,
        corpus: {
          id: corpusId,
          name: corpus?.name ?? corpusId,
          documents: corpus?.documents ?? 0,
          bytes: corpus?.bytes ?? 0,
        },
        tokenizer,
        recipe,
        ladder,
      }
    },
    import: ({ name, corpus, tokenizer, recipe, ladder, lock }) => {
      const here = deps.corpora()
      const found =
        (lock && here.find((one) => one.content === lock.text)) ??
        here.find((one) => one.id === corpus.id) ??
        here.find((one) => one.documents === corpus.documents && one.bytes === corpus.bytes && corpus.documents > 0)
      // A corpus that is not here keeps its name in the study: the plan is the same, and starting says what is missing.
      return make({
        name: freeName(name),
        corpusId: found?.id ?? corpus.id,
        tokenizer,
        recipe,
        ladder,
        ...(lock ? { lock } : {}),
      })
    },
    plan: (id, machine) => {
      const study = store.read(id)
      return planWith(study, study.recipe, machine)
    },
    planWith,
    twin: ({ corpusId, tokenizer, ladder }, name, recipe) =>
      make({ name: freeName(name.slice(0, longestName)), corpusId, tokenizer, recipe, ladder }),
  }
}

/** A field that is there but undefined changes nothing. */
const definedOf = (changes: StudyChanges): StudyChanges =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as StudyChanges
