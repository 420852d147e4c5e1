// The three records of the Cluster page (model, machine, plan), what the cost model answers to them, and the search for
// better plans.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import {
  answerGpu,
  answerStreaming,
  type GpuAnswer,
  type StreamingAnswer,
  type Training,
} from '#shared/cluster/answer.ts'
import type { ClusterCatalogue } from '#shared/cluster/catalogue.ts'
import { machineFile } from '#shared/cluster/machine.ts'
import { withFigures, type GpuMachine, type Machine, type WaferMachine } from '#shared/cluster/machine.ts'
import {
  gpuPlanDefaults,
  readGpuPlan,
  readStreamingPlan,
  type GpuPlan,
  type StreamingPlan,
} from '#shared/cluster/plan.ts'
import type { PlanSearch } from '#shared/cluster/plan-search.ts'
import type { SearchRequest } from '#shared/cluster/search.ts'
import type { ValidationReport } from '#shared/cluster/validation.ts'
import { toFaultData } from '#shared/fault.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'

/** What a question gives: an answer, or the sentence that says which numbers clash. */
export type Reply<T> = { answer: T; problem: null } | { answer: null; problem: string }

export function ask<T>(work: () => T): Reply<T> {
  try {
    return { answer: work(), problem: null }
  } catch (error) {
    return { answer: null, problem: toFaultData(error).message }
  }
}

/** What every tab begins with. */
export const gpuDefaults: GpuPlan = {
  ...gpuPlanDefaults,
  devices: 64,
  tensor: 8,
  pipeline: 8,
  microBatch: 1,
  batch: 64,
  recompute: 'selective',
  sequenceParallel: true,
}

const defaults = {
  modelId: 'gpt3-175b',
  machineId: 'a100-80',
  gpu: gpuDefaults,
  streaming: { kind: 'streaming', systems: 4, batch: 64, microBatch: 4, activations: 'boundaries' } as StreamingPlan,
  training: { tokens: 300e9, pricePerDeviceHour: null, availability: 1 } as Training,
  /** Figures of a machine that the person assumes otherwise, by machine. */
  assumed: {} as Record<string, Record<string, number>>,
}

export const useClusterStore = defineStore('cluster', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const catalogue = shallowRef<ClusterCatalogue | null>(null)
  const failure = shallowRef<string | null>(null)
  const search = shallowRef<PlanSearch | null>(null)
  const validation = shallowRef<ValidationReport | null>(null)
  const choices = useLocalStorage('isoflop.cluster', structuredClone(defaults), { mergeDefaults: true })

  async function load(): Promise<void> {
    failure.value = null
    try {
      catalogue.value = await bridge.request('clusterCatalogue')
    } catch (error) {
      failure.value = toFaultData(error).message
    }
  }
  useLabStore().onBack(load)
  bridge.listen('planSearch', (news) => {
    if (news.id === search.value?.id) search.value = news
  })

  const models = computed(() => catalogue.value?.models ?? [])
  const machines = computed(() => catalogue.value?.machines.map(({ machine }) => machine) ?? [])
  const model = computed(() => models.value.find(({ id }) => id === choices.value.modelId) ?? models.value[0] ?? null)
  /** A machine as the person assumes it to be. */
  const assumedMachine = (one: Machine): Machine => {
    const changed = choices.value.assumed[one.id]
    return changed && Object.keys(changed).length ? withFigures(one, changed) : one
  }
  const machine = computed(() => {
    const found =
      machines.value.find(({ id }) => id === choices.value.machineId) ??
      machines.value.find(({ id }) => id === defaults.machineId) ??
      machines.value[0]
    return found ? assumedMachine(found) : null
  })
  const machineOf = (id: string): Machine | null => {
    const found = machines.value.find((one) => one.id === id)
    return found ? assumedMachine(found) : null
  }
  function assume(machineId: string, figure: string, value: number | null): void {
    const { [figure]: _, ...rest } = choices.value.assumed[machineId] ?? {}
    choices.value.assumed = {
      ...choices.value.assumed,
      [machineId]: value === null ? rest : { ...rest, [figure]: value },
    }
  }

  const gpuReply = computed<Reply<GpuAnswer> | null>(() => {
    const [asked, on] = [model.value, machine.value]
    return asked && on?.kind === 'gpu'
      ? ask(() => answerGpu(asked, readGpuPlan({ ...choices.value.gpu }), on, { ...choices.value.training }))
      : null
  })
  const streamingReply = computed<Reply<StreamingAnswer> | null>(() => {
    const [asked, on] = [model.value, machine.value]
    return asked && on?.kind === 'wafer'
      ? ask(() =>
          answerStreaming(asked, readStreamingPlan({ ...choices.value.streaming }), on, { ...choices.value.training }),
        )
      : null
  })

  const saveMachine = async (given: unknown): Promise<void> => {
    const { machine: saved } = await bridge.request('saveClusterMachine', given)
    await load()
    choices.value.machineId = saved.id
  }
  const deleteMachine = (id: string) =>
    notices.attempt(async () => {
      const gone = machines.value.find((one) => one.id === id)
      await bridge.request('deleteClusterMachine', id)
      await load()
      if (choices.value.machineId === id) choices.value.machineId = defaults.machineId
      if (gone)
        notices.tell(`${gone.name} was deleted.`, {
          label: 'Undo',
          run: () => void notices.attempt(() => saveMachine(machineFile(gone))),
        })
    })

  const startSearch = (request: SearchRequest) =>
    notices.attempt(async () => {
      const [asked, on] = [model.value, machine.value]
      if (!asked || on?.kind !== 'gpu') return
      search.value = await bridge.request(
        'searchPlans',
        JSON.parse(JSON.stringify({ model: asked, machine: machineFile(on), request })),
      )
    })
  const stopSearch = () =>
    notices.attempt(async () => {
      if (search.value) search.value = await bridge.request('stopPlanSearch', search.value.id)
    })
  const loadValidation = () =>
    notices.attempt(async () => {
      validation.value ??= await bridge.request('clusterValidation')
    })

  return {
    catalogue,
    failure,
    search,
    validation,
    choices,
    models,
    machines,
    model,
    machine,
    machineOf,
    assume,
    gpuReply,
    streamingReply,
    load,
    saveMachine,
    deleteMachine,
    startSearch,
    stopSearch,
    loadValidation,
  }
})

export const isGpu = (machine: Machine | null): machine is GpuMachine => machine?.kind === 'gpu'
export const isWafer = (machine: Machine | null): machine is WaferMachine => machine?.kind === 'wafer'
