// The laws of the open study and of those beside it as they are shown: in the unit that a person chose for losses.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Law } from '#shared/scaling/law.ts'
import { forecastTimes, type LawInUnit, lawTimes } from '#shared/scaling/law-times.ts'
import type { Study } from '#shared/study.ts'
import { standingTimes, type Standing } from '../curves/standings.ts'
import { useLawStore } from './law.ts'
import { useLawsBeside } from './laws-beside.ts'
import { useLossUnit } from './loss-unit.ts'
import { useStudiesStore } from './studies.ts'

export const useLawShown = defineStore('law-shown', () => {
  const studies = useStudiesStore()
  const law = useLawStore()
  const beside = useLawsBeside()
  const lossUnit = useLossUnit()

  /** Of the runs that stand for the members, each once; null where it is not known. */
  const factorsOf = (standings: readonly Standing[]): (number | null)[] => [
    ...new Set(standings.flatMap(({ run }) => (run ? [lossUnit.of(run)?.validation ?? null] : []))),
  ]
  /** A law has one factor: of runs that read different texts the last of them, and `isMixed` says so. */
  const factorOf = (study: Study, standings: readonly Standing[]): number | null => {
    const all = factorsOf(standings)
    return all.length ? all[all.length - 1] : (lossUnit.ofText(study)?.validation ?? null)
  }
  const shownStandings = (standings: readonly Standing[]): Standing[] =>
    standings.map((one) => (one.run ? standingTimes(one, lossUnit.of(one.run)?.validation ?? null) : one))
  const shownLaw = (one: Law | null, factor: number | null): LawInUnit | null =>
    one && (factor === null ? null : factor === 1 ? one : lawTimes(one, factor))

  const factor = computed(() => (studies.current ? factorOf(studies.current, law.standings) : null))
  const standings = computed(() => shownStandings(law.standings))
  const shown = computed(() => shownLaw(law.law, factor.value))
  const forecastOf = (one: Pick<Standing, 'flops' | 'ownRatio'>) => {
    const found = law.forecastOf(one)
    return found && factor.value !== null ? forecastTimes(found, factor.value) : null
  }
  return {
    /** What a loss of the open study in nats per token is multiplied by; null where nobody knows. */
    factor,
    isMixed: computed(() => lossUnit.isBits && factorsOf(law.standings).length > 1),
    standings,
    law: shown,
    forecastOf,
    beside: computed(() =>
      beside.all.map((one) => ({
        ...one,
        standings: shownStandings(one.standings),
        law: shownLaw(one.law, factorOf(one.study, one.standings)),
      })),
    ),
  }
})
