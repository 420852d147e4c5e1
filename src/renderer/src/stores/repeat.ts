// A study that came as a locked file: what is the same here, and whether its trainings come to the same bits.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { isUnderWay } from '#shared/task-state.ts'
import type { RepeatReport } from '#shared/study-lock.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

export const useRepeatStore = defineStore('repeat', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const runs = useRunsStore()
  const studies = useStudiesStore()
  const isOpen = ref(false)
  const report = shallowRef<RepeatReport | null>(null)
  const runsHere = computed(() => runs.ofStudy(studies.currentId ?? ''))
  const isTraining = computed(() => runsHere.value.some(isUnderWay))

  const read = (studyId: string) =>
    notices.attempt(async () => {
      const answer = await bridge.request('repeatReport', studyId)
      if (studies.currentId === studyId) report.value = answer
    })

  function open(): void {
    const study = studies.current
    if (!study?.lock) return
    report.value = null
    isOpen.value = true
    void notices.attempt(async () => {
      await studies.save()
      await bridge.request('machine') // looks for the engines where that has not been done
      await read(study.id)
    })
  }

  const start = () =>
    notices.attempt(async () => {
      const study = studies.current
      if (!study) return
      await bridge.request('repeatStudy', study.id) // news brings the runs
      await read(study.id)
    })

  watch(
    () => runsHere.value.filter(({ state }) => state === 'finished').length,
    () => {
      if (isOpen.value && studies.currentId) void read(studies.currentId)
    },
  )
  watch(
    () => studies.currentId,
    () => (isOpen.value = false),
  )

  return { isOpen, report, isTraining, open, start }
})
