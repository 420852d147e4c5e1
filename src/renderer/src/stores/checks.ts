// The muP checks of the open study: the newest of each kind, started and cancelled.
import { defineStore } from 'pinia'
import { shallowRef, watch } from 'vue'
import type { Check, CheckKind } from '#shared/mup/check.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'
import { useStudiesStore } from './studies.ts'
import { withOne } from './with-one.ts'

export const useChecksStore = defineStore('checks', () => {
  const bridge = useBridge()
  const studies = useStudiesStore()
  const notices = useNoticesStore()
  const checks = shallowRef<Check[]>([]) // shallow: hundreds of points, none of them watched

  const put = (check: Check) => {
    if (check.studyId === studies.currentId) checks.value = withOne(checks.value, check)
  }
  bridge.listen('check', put)
  const load = (studyId: string | null) =>
    notices.attempt(async () => {
      checks.value = []
      const found = studyId ? await bridge.request('listChecks', studyId) : []
      if (studies.currentId === studyId) checks.value = found
    })
  watch(() => studies.currentId, load, { immediate: true })
  useLabStore().onBack(() => load(studies.currentId)) // what was told while the lab was away

  /** The newest that has something to show, or that goes on. */
  function latest(kind: CheckKind): Check | null {
    const mine = checks.value.filter((check) => check.kind === kind)
    const telling = mine.filter(
      (check) => isUnderWay(check) || check.coordinates.length + check.transfer.length > 0 || check.state === 'failed',
    )
    return telling[telling.length - 1] ?? null
  }
  const start = (kind: CheckKind) =>
    notices.attempt(async () => {
      const studyId = studies.currentId
      if (!studyId) return
      await studies.save()
      put(await bridge.request('startCheck', studyId, kind, {}))
    })
  const stop = (check: Check) => notices.attempt(async () => put(await bridge.request('stopCheck', check.id)))
  return { checks, latest, start, stop }
})
