// The table of runs: its rows after filter and sorting, in groups, and what a person chose of it.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { writeCsv } from '#shared/csv.ts'
import { compareValues, textOf } from '#shared/run-table/column.ts'
import { parseFilter, type Filter } from '#shared/run-table/filter.ts'
import { groupRows, type Group } from '#shared/run-table/groups.ts'
import { lossColumns, runColumns, usualColumns, type RunColumn, type RunRow } from '#shared/run-table/run-columns.ts'
import { hueAt } from '../charts/hues.ts'
import { memberColour } from '../charts/theme.ts'
import { useAnnotations } from './annotations.ts'
import { useLabStore } from './lab.ts'
import { useLossUnit } from './loss-unit.ts'
import { useRunPlansStore } from './run-plans.ts'
import { useShownRuns } from './shown-runs.ts'

export interface RunTableChoices {
  columns: string[]
  sort: { key: string; isDescending: boolean }
  /** Key of the column that groups; empty: none. */
  group: string
  isColoured: boolean
}

/** What stands in the table, line by line. */
export type RunLine =
  | { kind: 'group'; id: string; group: Group<RunRow>; colour: string | null }
  | { kind: 'run'; id: string; row: RunRow }

export const useRunTable = defineStore('run-table', () => {
  const shownRuns = useShownRuns()
  const plans = useRunPlansStore()
  const lossUnit = useLossUnit()
  const lab = useLabStore()
  const annotations = useAnnotations()
  const choices = useLocalStorage<RunTableChoices>(
    'isoflop.run-table',
    { columns: usualColumns, sort: { key: 'n', isDescending: false }, group: '', isColoured: false },
    { mergeDefaults: true },
  )
  const filterText = ref('')
  /** Rows that a person ticked. */
  const ticked = shallowRef<ReadonlySet<string>>(new Set())
  /** Groups that are folded, by their value. */
  const folded = shallowRef<ReadonlySet<string>>(new Set())

  const columnOf = (key: string) => runColumns.find((column) => column.key === key)
  const columns = computed(() => runColumns.filter(({ key }) => choices.value.columns.includes(key)))
  const everyRow = computed(() =>
    shownRuns.all.map((run): RunRow => ({
      run,
      plan: plans.plans.get(run.id) ?? null,
      study: shownRuns.studyName(run.studyId),
      tags: annotations.of('run', run.id).tags,
      studyTags: annotations.of('study', run.studyId).tags,
      note: annotations.of('run', run.id).note,
      factor: lossUnit.of(run),
    })),
  )
  const filter = computed((): { keeps: Filter<RunRow>; refusal: string | null } => {
    try {
      return { keeps: parseFilter(filterText.value, runColumns), refusal: null }
    } catch (error) {
      return { keeps: () => true, refusal: (error as Error).message }
    }
  })
  const rows = computed(() => {
    const { key, isDescending } = choices.value.sort
    const column = columnOf(key) ?? runColumns[0]
    return everyRow.value
      .filter(filter.value.keeps)
      .map((row) => ({ row, value: column.of(row) }))
      .sort((a, b) => compareValues(a.value, b.value, isDescending))
      .map(({ row }) => row)
  })
  const grouping = computed(() => columnOf(choices.value.group))
  const groups = computed(() => (grouping.value ? groupRows(rows.value, grouping.value) : []))
  /** Numbers go along the scale of sizes, words get hues. */
  const colourOfGroup = (place: number): string =>
    grouping.value?.kind === 'number' ? memberColour(place, groups.value.length, lab.isDark) : hueAt(place, lab.isDark)
  const isColoured = computed(() => choices.value.isColoured && grouping.value !== undefined)
  const lines = computed((): RunLine[] => {
    const line = (row: RunRow): RunLine => ({ kind: 'run', id: row.run.id, row })
    if (!grouping.value) return rows.value.map(line)
    return groups.value.flatMap((group, place): RunLine[] => [
      { kind: 'group', id: `group ${group.key}`, group, colour: isColoured.value ? colourOfGroup(place) : null },
      ...(folded.value.has(group.key) ? [] : group.rows.map(line)),
    ])
  })
  const groupColours = computed(() =>
    isColoured.value
      ? new Map(
          groups.value.flatMap((group, place) => group.rows.map(({ run }) => [run.id, colourOfGroup(place)] as const)),
        )
      : null,
  )
  watch(groupColours, (to) => (shownRuns.groupColours = to), { immediate: true })

  const tickedRows = computed(() => rows.value.filter(({ run }) => ticked.value.has(run.id)))
  function tick(runIds: readonly string[], isOn: boolean): void {
    const next = new Set(ticked.value)
    for (const id of runIds) {
      if (isOn) next.add(id)
      else next.delete(id)
    }
    ticked.value = next
  }
  function fold(key: string): void {
    const next = new Set(folded.value)
    if (!next.delete(key)) next.add(key)
    folded.value = next
  }
  /** Ascending first, then descending. */
  function sortBy(key: string): void {
    const { sort } = choices.value
    choices.value.sort = { key, isDescending: sort.key === key && !sort.isDescending }
  }
  /** What a head says after the name of a loss: its unit. */
  const unitOf = (key: string): string => (lossColumns.includes(key) ? ` (${lossUnit.words})` : '')
  /** The rows in view with the columns in view, every digit of them; the run's id first. */
  const csv = (): string =>
    writeCsv(
      ['run', ...columns.value.map(({ key }) => key + unitOf(key))],
      rows.value.map((row) => [row.run.id, ...columns.value.map((column) => csvCell(column, row))]),
    )

  return {
    choices,
    columns,
    everyRow,
    filterText,
    refusal: computed(() => filter.value.refusal),
    rows,
    lines,
    grouping,
    ticked,
    tickedRows,
    folded,
    tick,
    fold,
    sortBy,
    unitOf,
    csv,
  }
})

function csvCell({ of }: RunColumn, row: RunRow): string | number {
  const value = of(row)
  return typeof value === 'number' ? value : textOf(value)
}
