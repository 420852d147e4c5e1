// Where the person is in the window, and what is being asked of them.
import { defineStore } from 'pinia'
import { useLocalStorage } from '@vueuse/core'
import { ref, shallowRef } from 'vue'

export const viewNames = [
  'data',
  'family',
  'training',
  'law',
  'evaluation',
  'models',
  'cluster',
  'openness',
  'settings',
] as const
export type ViewName = (typeof viewNames)[number]

/** The other rooms are the lab's own: they open without a study. */
export const needsStudy = (view: ViewName): boolean => !['cluster', 'openness', 'settings'].includes(view)

export interface Question {
  title: string
  text: string
  action: string
  isDangerous?: boolean
  run: () => void
}

const fromHash = (): ViewName | null => viewNames.find((name) => `#${name}` === location.hash) ?? null

export const useShellStore = defineStore('shell', () => {
  /** Where the person was last, for when the window opens again. */
  const last = useLocalStorage<ViewName>('isoflop.view', 'family')
  const view = ref<ViewName>(fromHash() ?? viewNames.find((name) => name === last.value) ?? 'family')
  /** The three ways in, shown when there is no study yet or when a person asks for a new one. */
  const isWelcome = ref(false)
  const isPaletteOpen = ref(false)
  const question = shallowRef<Question | null>(null)
  const checkpointRunId = ref<string | null>(null)
  /** Of that run; null: its last. */
  const checkpointStep = ref<number | null>(null)
  /** An imported model that the Models room should show. */
  const modelId = ref<string | null>(null)

  function go(to: ViewName): void {
    view.value = to
    isWelcome.value = false
    last.value = to
    history.replaceState(null, '', `#${to}`)
  }
  function openCheckpoints(runId: string, step: number | null = null): void {
    checkpointRunId.value = runId
    checkpointStep.value = step
    modelId.value = null
    go('models')
  }
  function openModel(id: string): void {
    checkpointRunId.value = null
    modelId.value = id
    go('models')
  }
  const ask = (asked: Question) => (question.value = asked)

  return {
    view,
    isWelcome,
    isPaletteOpen,
    question,
    checkpointRunId,
    checkpointStep,
    modelId,
    go,
    openCheckpoints,
    openModel,
    ask,
  }
})
