// Models by what is open and how they were trained: those that ship, a person's own, and the open study.
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { OpennessCatalogue } from '#shared/openness/openness.ts'
import { studyOpenness } from '#shared/openness/own-row.ts'
import { useBridge } from '../bridge.ts'
import { useCorporaStore } from './corpora.ts'
import { useEvaluationsStore } from './evaluations.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

export const useOpennessStore = defineStore('openness', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const lab = useLabStore()
  const studies = useStudiesStore()
  const corpora = useCorporaStore()
  const runs = useRunsStore()
  const evaluations = useEvaluationsStore()
  const catalogue = shallowRef<OpennessCatalogue | null>(null)

  const load = () =>
    notices.attempt(async () => {
      catalogue.value = await bridge.request('opennessCatalogue')
    })

  /** The row that the report of the open study has. */
  const ofStudy = computed(() => {
    const study = studies.current
    if (!study || !lab.about) return null
    return studyOpenness({
      study,
      version: lab.about.version,
      nowMs: Date.now(),
      corpus: corpora.corpora.find(({ id }) => id === study.corpusId) ?? null,
      runs: runs.ofStudy(study.id),
      evaluations: evaluations.evaluations,
    })
  })

  /** Rejects with a Fault that says what is wrong with the row. */
  async function save(given: Record<string, unknown>): Promise<string> {
    const { row } = await bridge.request('saveOpennessRow', given)
    await load()
    return row.id
  }

  const remove = (id: string) =>
    notices.attempt(async () => {
      const gone = catalogue.value?.rows.find(({ row }) => row.id === id)
      await bridge.request('deleteOpennessRow', id)
      await load()
      if (gone)
        notices.tell(`${gone.row.name} was deleted.`, {
          label: 'Undo',
          run: () => void notices.attempt(() => save({ ...gone.row })),
        })
    })

  return { catalogue, ofStudy, load, save, remove }
})
