// What runs are called where several have one name: the fields in which they differ follow it.
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import { groupedBy } from '#shared/grouped.ts'
import { distinctions } from '#shared/run-table/distinctions.ts'
import type { Subject } from '#shared/subject.ts'
import { useRunPlansStore } from './run-plans.ts'
import { useRunsStore } from './runs.ts'

export const useRunNames = defineStore('run-names', () => {
  const runs = useRunsStore()
  const plans = useRunPlansStore()

  const namesakes = computed(() =>
    [...groupedBy(runs.runs, ({ studyId, name }) => `${studyId} ${name}`).values()].filter(({ length }) => length > 1),
  )
  watch(
    () => namesakes.value.flatMap((same) => same.map(({ id }) => id)).join(' '),
    (ids) => ids && void plans.need(ids.split(' ')),
    { immediate: true },
  )
  /** By run; the same map while nothing in it changes. */
  const details = computed((before?: Map<string, string>) => {
    const rows = namesakes.value
      .flat()
      .map((run) => ({ run, plan: plans.plans.get(run.id) ?? null, study: '', tags: [], studyTags: [], note: '' }))
    const now = distinctions(rows)
    const isSame = before?.size === now.size && [...now].every(([id, text]) => before.get(id) === text)
    return isSame ? before : now
  })
  /** What tells it from others of its name; empty where it is the only one. */
  const detailOf = (runId: string): string => details.value.get(runId) ?? ''
  const nameOf = ({ id, name }: { id: string; name: string }): string =>
    detailOf(id) ? `${name} · ${detailOf(id)}` : name
  /** What has weights for its subject, under the names of their runs. */
  const ofSubjects = <One extends { subject: Subject; name: string }>(all: readonly One[]): One[] =>
    all.map((one) =>
      one.subject.kind === 'run' ? { ...one, name: nameOf({ id: one.subject.runId, name: one.name }) } : one,
    )

  return { detailOf, nameOf, ofSubjects }
})
