// What trainings of a dialog would cost, asked again whenever a choice changes.
import { useDebounceFn } from '@vueuse/core'
import { ref, shallowRef, watch, type WatchSource } from 'vue'
import type { TrialCost } from '#shared/comparison/trial.ts'
import { toFaultData } from '#shared/fault.ts'

/**
 * `ask` gives the cost of what is chosen, a sentence where it cannot be, or null where nothing is; the answer to the
 * newest choice wins.
 */
export function useTrialCost(
  isOpen: WatchSource<boolean>,
  choices: WatchSource[],
  ask: () => Promise<TrialCost | string | null>,
) {
  const cost = shallowRef<TrialCost | null>(null)
  const problem = ref<string | null>(null)
  let newest = 0
  const look = useDebounceFn(async () => {
    const mine = ++newest
    const found = await ask().catch((error: unknown) => toFaultData(error).message)
    if (mine !== newest) return
    cost.value = typeof found === 'string' ? null : found
    problem.value = typeof found === 'string' ? found : (found?.problem ?? null)
  }, 150)
  watch([isOpen, ...choices], ([isShown]) => void (isShown && look()), { immediate: true })
  return { cost, problem }
}
