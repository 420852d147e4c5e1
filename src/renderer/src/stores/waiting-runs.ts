// Runs that could go on and nobody trains: told on top of every room, until they go on or are put out of mind.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { formatBytes, plural } from '#shared/numbers.ts'
import { canResume, type RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useDeletedStore } from './deleted.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

/** The same training, asked for again. */
const isSame = (a: RunSummary, b: RunSummary): boolean =>
  a.studyId === b.studyId &&
  a.memberId === b.memberId &&
  a.parameters === b.parameters &&
  a.steps === b.steps &&
  a.seed === b.seed

const words: Partial<Record<RunSummary['state'], string>> = {
  paused: 'paused',
  cancelled: 'stopped',
  interrupted: 'interrupted',
  failed: 'failed',
}

export const useWaitingRuns = defineStore('waiting-runs', () => {
  const store = useRunsStore()
  const studies = useStudiesStore()
  const deleted = useDeletedStore()
  /** Of those that a person has put out of mind. */
  const dismissed = useLocalStorage<string[]>('isoflop.dismissed-runs', [])

  const waiting = computed(() => {
    const here = new Set(studies.studies.filter(({ isArchived }) => !isArchived).map(({ id }) => id))
    const replaced = (run: RunSummary) =>
      store.runs.some((other) => isSame(run, other) && (isUnderWay(other) || other.state === 'finished'))
    return store.runs.filter((run) => here.has(run.studyId) && canResume(run) && !replaced(run))
  })
  const shown = computed(() => {
    const known = new Set(dismissed.value)
    return waiting.value.some(({ id }) => !known.has(id)) ? waiting.value : []
  })
  /** What a full disk paused holds all others. */
  const isDiskFull = computed(() => shown.value.some(({ code, state }) => code === 'disk-full' && state === 'paused'))

  const text = computed(() => {
    const runs = shown.value
    if (runs.length === 0) return null
    if (isDiskFull.value) {
      const behind = store.runs.filter(({ state }) => state === 'queued').length
      const room = deleted.bytes > 0 ? `, for example ${formatBytes(deleted.bytes)} of what was recently deleted` : ''
      return `The disk is full, so training is paused${behind ? ` and ${plural(behind, 'run')} wait behind it` : ''}. Nothing is lost: free some space${room}, then resume.`
    }
    const states = Object.entries(words).flatMap(([state, word]) => {
      const count = runs.filter((run) => run.state === state).length
      return count ? [runs.length === count ? word : `${count} ${word}`] : []
    })
    const of = [...new Set(runs.map(({ studyId }) => studyId))]
    const first = studies.studies.find(({ id }) => id === of[0])?.name ?? ''
    const where = of.length > 1 ? `${of.length} studies` : first
    return `${plural(runs.length, 'run')} of ${where}: ${states.join(', ')}.`
  })

  async function resumeAll(): Promise<void> {
    for (const { id } of shown.value) await store.resume(id)
  }
  const dismiss = () => (dismissed.value = waiting.value.map(({ id }) => id))

  return { waiting, shown, isDiskFull, text, resumeAll, dismiss }
})
