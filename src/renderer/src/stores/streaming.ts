// Trainings on the emulated cluster: the steps of each as they are measured, how one is started, and how a part of it
// is killed.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import type { ClusterPart, StreamingStep } from '#shared/cluster/live.ts'
import type { RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

/** So many of the last steps of a run are kept in view. */
const kept = 240

const partWords = (part: ClusterPart): string =>
  part === 'store' || part === 'fabric' ? `the ${part}` : `system ${part.system + 1}`

export const useStreamingStore = defineStore('streaming', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const runs = useRunsStore()
  const studies = useStudiesStore()
  const steps = shallowRef(new Map<string, StreamingStep[]>())
  const isStarting = ref(false)
  const chosenId = ref<string | null>(null)

  bridge.listen('streaming', ({ runId, steps: news }) => {
    const all = [...(steps.value.get(runId) ?? []), ...news]
    steps.value.set(runId, all.slice(-kept))
    triggerRef(steps)
  })

  /** Runs of the open study on a cluster, newest first. */
  const own = computed(() =>
    runs
      .ofStudy(studies.currentId)
      .filter(({ systems }) => systems)
      .sort((a, b) => b.createdMs - a.createdMs),
  )
  /** The one in view: the one a person chose, else the one that goes on, else the newest. */
  const run = computed<RunSummary | null>(
    () => own.value.find(({ id }) => id === chosenId.value) ?? own.value.find(isUnderWay) ?? own.value[0] ?? null,
  )
  const recent = computed(() => (run.value ? (steps.value.get(run.value.id) ?? []) : []))
  const last = computed<StreamingStep | null>(
    () => recent.value[recent.value.length - 1] ?? run.value?.streaming ?? null,
  )

  /** `systems` null: by the plain trainer, for its curve to be seen beside. */
  async function start(memberId: string, systems: number | null): Promise<void> {
    const study = studies.current
    if (!study || isStarting.value) return
    isStarting.value = true
    await studies.save() // what is trained is what is shown
    const made = await runs.start(study.id, [memberId], systems === null ? undefined : { systems })
    if (made && systems !== null) chosenId.value = made[0]?.id ?? null
    isStarting.value = false
  }
  const kill = (part: ClusterPart) =>
    notices.attempt(async () => {
      if (!run.value) return
      await bridge.request('killPart', run.value.id, part)
      notices.tell(`The process of ${partWords(part)} was killed.`)
    })

  return { steps, own, run, recent, last, isStarting, chosenId, start, kill }
})
