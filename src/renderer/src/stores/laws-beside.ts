// The laws of studies that are laid beside the open one, and what keeps their losses from being compared.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { planLadder } from '#shared/family/plan.ts'
import type { Law } from '#shared/scaling/law.ts'
import type { Study } from '#shared/study.ts'
import { standingsOf, trainingsOf, type Standing } from '../curves/standings.ts'
import { fittedLatest } from '../fitting/latest.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { useCorporaStore } from './corpora.ts'
import { useLabStore } from './lab.ts'
import { useLawStore } from './law.ts'
import { useLossUnit } from './loss-unit.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useShownRuns } from './shown-runs.ts'
import { useStudiesStore } from './studies.ts'

export interface StudyLaw {
  study: Study
  standings: Standing[]
  /** Null until it is fitted. */
  law: Law | null
  /** Why its losses may not be held against those of the open study; empty where they may. */
  differences: string[]
}

export const useLawsBeside = defineStore('laws-beside', () => {
  const studies = useStudiesStore()
  const shown = useShownRuns()
  const runs = useRunsStore()
  const corpora = useCorporaStore()
  const lab = useLabStore()
  const own = useLawStore()
  const lossUnit = useLossUnit()
  const notices = useNoticesStore()

  const standings = computed(() =>
    shown.beside.map((study) => {
      const tokens = corpora.tokensOf(study.corpusId, study.tokenizer)
      const vocabulary = (tokens?.state === 'finished' && tokens.vocabulary) || vocabularyOf(study.tokenizer)
      return standingsOf({
        recipe: study.recipe,
        runs: runs.ofStudy(study.id),
        plans: planLadder(study.ladder, { recipe: study.recipe, vocabulary }, null, lab.machine),
        trainable: [], // what is not trained yet is looked at in its own study
        ...own.choicesOf(study.id),
        validationsOf: own.validationsOf,
      })
    }),
  )
  const laws = fittedLatest(
    'laws',
    () => {
      const requests = standings.value.map((one) => ({
        points: trainingsOf(one),
        options: { form: own.form, reach: 30 },
      }))
      return requests.length ? JSON.stringify(requests) : null
    },
    () => shown.beside.map(({ id }) => id).join(),
    notices.fail,
  )
  const all = computed((): StudyLaw[] =>
    shown.beside.map((study, i) => ({
      study,
      standings: standings.value[i],
      law: laws.value?.[i] ?? null,
      differences: studies.current ? differencesBetween(study, studies.current, lossUnit.isBits) : [],
    })),
  )
  return { all }
})

/** Bits per byte are the same unit whatever the tokenizer. */
function differencesBetween(one: Study, other: Study, isBits: boolean): string[] {
  const differences: string[] = []
  if (!isBits && JSON.stringify(one.tokenizer) !== JSON.stringify(other.tokenizer))
    differences.push('another tokenizer, which bits per byte would compare')
  if (one.corpusId !== other.corpusId) differences.push('another text')
  if (one.recipe.flopsConvention !== other.recipe.flopsConvention) differences.push('FLOPs counted another way')
  return differences
}
