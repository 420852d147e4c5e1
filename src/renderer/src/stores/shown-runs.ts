// Which runs stand in the chart of Training, in which colours: those of the open study and of studies laid beside it.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { RunSummary } from '#shared/run.ts'
import { hueAt } from '../charts/hues.ts'
import { useLabStore } from './lab.ts'
import { usePlanStore, type MemberStyle } from './plan.ts'
import { useRunNames } from './run-names.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

/** More curves at once can neither be told apart nor be drawn while one waits. */
const mostInChart = 100

export const useShownRuns = defineStore('shown-runs', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const lab = useLabStore()
  const runs = useRunsStore()
  const names = useRunNames()
  const allBeside = useLocalStorage<Record<string, string[]>>('isoflop.studies-beside', {})

  /** Studies laid beside the open one, in the order in which they were added. */
  const beside = computed({
    get: () => {
      const wanted = allBeside.value[studies.currentId ?? ''] ?? []
      return wanted.flatMap((id) => studies.studies.find((study) => study.id === id && id !== studies.currentId) ?? [])
    },
    set: (to) => {
      if (studies.currentId) allBeside.value = { ...allBeside.value, [studies.currentId]: to.map(({ id }) => id) }
    },
  })
  const shownStudies = computed(() => (studies.current ? [studies.current, ...beside.value] : []))
  /** Every run that could stand in the chart. */
  const all = computed(() => shownStudies.value.flatMap(({ id }) => runs.ofStudy(id)))

  const hidden = shallowRef<ReadonlySet<string>>(new Set())
  const wanted = computed(() => all.value.filter(({ id }) => !hidden.value.has(id)))
  const shown = computed(() => wanted.value.slice(0, mostInChart))
  /** Runs that are not hidden and have no room in the chart. */
  const leftOut = computed(() => wanted.value.length - shown.value.length)
  /** The run that the samples are of, and whose row is marked; null: the one that trains. */
  const chosenId = ref<string | null>(null)
  /** The run whose page is open. */
  const openId = ref<string | null>(null)
  const open = computed(() => all.value.find(({ id }) => id === openId.value) ?? null)
  watch(
    () => studies.currentId,
    () => {
      hidden.value = new Set()
      chosenId.value = null
      openId.value = null
    },
  )

  function toggle(runId: string): void {
    const next = new Set(hidden.value)
    if (!next.delete(runId)) next.add(runId)
    hidden.value = next
  }
  const showOnly = (runIds: ReadonlySet<string>) =>
    (hidden.value = new Set(all.value.map(({ id }) => id).filter((id) => !runIds.has(id))))
  const showAll = () => (hidden.value = new Set())
  /** A click on a name isolates it; a second click brings the others back. */
  function isolate(runId: string): void {
    const isAlone = shown.value.length === 1 && shown.value[0].id === runId
    if (isAlone) showAll()
    else showOnly(new Set([runId]))
  }

  /** Colours that a table gives its groups, by run; null: by size, or by study where several are shown. */
  const groupColours = shallowRef<ReadonlyMap<string, string> | null>(null)
  const placeOfStudy = computed(() => new Map(shownStudies.value.map(({ id }, place) => [id, place])))
  function styleOf(run: RunSummary): MemberStyle {
    const own = plan.styleOf(run.memberId)
    const grouped = groupColours.value?.get(run.id)
    if (grouped) return { ...own, colour: grouped }
    return beside.value.length === 0
      ? own
      : { ...own, colour: hueAt(placeOfStudy.value.get(run.studyId) ?? 0, lab.isDark) }
  }
  const studyName = (studyId: string): string => studies.studies.find(({ id }) => id === studyId)?.name ?? ''
  /** Its name, with what tells it from others of it, and the study's where several are shown. */
  const labelOf = (run: RunSummary): string =>
    beside.value.length === 0 ? names.nameOf(run) : `${names.nameOf(run)} · ${studyName(run.studyId)}`

  return {
    beside,
    shownStudies,
    all,
    shown,
    leftOut,
    hidden,
    chosenId,
    openId,
    open,
    toggle,
    isolate,
    showOnly,
    showAll,
    groupColours,
    styleOf,
    labelOf,
    studyName,
  }
})
