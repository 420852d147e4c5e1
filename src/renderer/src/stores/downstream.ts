// What the chart of accuracies shows: which row of the table, and which published families lie over it.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { usualFamilies } from '../charts/accuracy-chart.ts'

export const useDownstreamStore = defineStore('downstream', () => {
  const families = useLocalStorage<string[]>('isoflop.downstream-families', usualFamilies)
  /** Task and examples, as `TASK SHOTS SPLIT`. */
  const rowKey = useLocalStorage('isoflop.downstream-row', '')
  /** Of one's own models, from their losses. */
  const showsForecast = useLocalStorage('isoflop.downstream-forecast', true)
  const show = (family: string, isShown: boolean) => {
    families.value = isShown
      ? [...families.value.filter((one) => one !== family), family]
      : families.value.filter((one) => one !== family)
  }
  return { families, rowKey, showsForecast, show }
})
