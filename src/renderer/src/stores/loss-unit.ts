// What losses are counted in, in every chart and table: a person's one choice, and what it makes of each run's loss.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import {
  inNats,
  type LossFactor,
  lossFactorOf,
  lossTimes,
  lossUnits,
  type LossUnit,
  lossUnitNames,
  lossUnitWords,
} from '#shared/loss-unit.ts'
import { useCorporaStore } from './corpora.ts'
import { useRunPlansStore } from './run-plans.ts'
import { useRunsStore } from './runs.ts'

export const useLossUnit = defineStore('loss-unit', () => {
  const corpora = useCorporaStore()
  const runs = useRunsStore()
  const runPlans = useRunPlansStore()
  const kept = useLocalStorage<LossUnit>('isoflop.loss-unit', 'nats-per-token')
  const unit = computed({
    get: () => (lossUnits.includes(kept.value) ? kept.value : 'nats-per-token'),
    set: (to) => (kept.value = to),
  })
  const isBits = computed(() => unit.value === 'bits-per-byte')

  /** Of a text under a tokenizer; null where its bytes per token are not known. */
  const ofText = ({ corpusId, tokenizer }: Pick<RunPlan, 'corpusId' | 'tokenizer'>): LossFactor | null =>
    lossFactorOf(unit.value, corpora.find(corpusId), corpora.tokensOf(corpusId, tokenizer))
  /** By the text and the tokenizer that the run itself read; null until they are known. */
  function of({ id }: Pick<RunSummary, 'id'>): LossFactor | null {
    if (!isBits.value) return inNats
    const plan = runPlans.plans.get(id)
    return plan ? ofText(plan) : null
  }
  /** A loss of a run; null where there is none or its factor is not known. */
  const said = (run: Pick<RunSummary, 'id'>, loss: number | null, split: keyof LossFactor): number | null => {
    const factor = of(run)
    return lossTimes(loss, factor && factor[split])
  }
  watch(
    () => (isBits.value ? runs.runs.map(({ id }) => id).join() : ''),
    (ids) => void (ids && runPlans.need(ids.split(','))),
    { immediate: true },
  )
  return {
    unit,
    isBits,
    of,
    ofText,
    said,
    /** As an axis says it, and as a sentence does. */
    name: computed(() => lossUnitNames[unit.value]),
    words: computed(() => lossUnitWords[unit.value]),
  }
})
