// What runs were started with, read once: a plan changes in its engine alone, and that stands in the summary too.
import { defineStore } from 'pinia'
import { shallowRef, triggerRef } from 'vue'
import { mostPlansAtOnce } from '#shared/bounds.ts'
import type { RunPlan } from '#shared/run.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'

export const useRunPlansStore = defineStore('run-plans', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const plans = shallowRef(new Map<string, RunPlan>())
  const asked = new Set<string>()

  /** Reads those that are not here yet. */
  async function need(runIds: readonly string[]): Promise<void> {
    const missing = runIds.filter((id) => !asked.has(id))
    missing.forEach((id) => asked.add(id))
    for (let i = 0; i < missing.length; i += mostPlansAtOnce) {
      const some = missing.slice(i, i + mostPlansAtOnce)
      try {
        for (const plan of await bridge.request('readRunPlans', some)) plans.value.set(plan.runId, plan)
        triggerRef(plans)
      } catch (error) {
        some.forEach((id) => asked.delete(id)) // asked again when they are needed again
        notices.fail(error)
      }
    }
  }

  return { plans, need }
})
