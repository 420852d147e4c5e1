// Where runs run: this computer, or a Slurm cluster; what a cluster is asked before anything is sent to it.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { ClusterCheck, PlaceChoice, SlurmCluster, Submission, TorchChoice } from '#shared/place.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'

/** No cluster can be called so. */
export const here = ''

/** What waits to be sent, with the script that a person reads first. */
export interface Sending {
  cluster: SlurmCluster
  studyId: string
  memberIds: string[]
  seeds?: number
  atOnce: number | null
  /** Each run by so many processes of PyTorch; null: each by the cluster's engine. */
  torch: TorchChoice | null
  submission: Submission | null
  problem: string | null
  /** Called once it was sent. */
  send: (choice: PlaceChoice) => Promise<unknown>
}

/** What the lab is asked for. */
export const choiceOf = ({
  cluster,
  atOnce,
  seeds,
  torch,
}: Pick<Sending, 'cluster' | 'atOnce' | 'seeds' | 'torch'>): PlaceChoice => ({
  on: cluster.name,
  ...(atOnce === null ? {} : { atOnce }),
  ...(seeds === undefined ? {} : { seeds }),
  ...(torch === null ? {} : { torch }),
})

export const usePlacesStore = defineStore('places', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const clusters = shallowRef<SlurmCluster[]>([])
  const wanted = useLocalStorage('isoflop.place', here)
  const checks = shallowRef(new Map<string, ClusterCheck>())
  const isAdding = ref(false)
  /** The one that is changed in the dialog; null: a new one is added. */
  const changing = shallowRef<SlurmCluster | null>(null)
  const sending = shallowRef<Sending | null>(null)

  bridge.listen('clusterCheck', (check) => (checks.value = new Map(checks.value).set(check.name, check)))

  /** A cluster that was removed is not chosen any more. */
  const chosen = computed(() => clusters.value.find(({ name }) => name === wanted.value) ?? null)

  async function load(): Promise<void> {
    clusters.value = await bridge.request('listSlurmClusters')
  }
  const choose = (name: string): void => void (wanted.value = name)

  /** Keeps it and tries it; a Fault where it cannot be a cluster. */
  async function add(cluster: SlurmCluster): Promise<void> {
    await bridge.request('saveSlurmCluster', cluster)
    await load()
    wanted.value = cluster.name
    await check(cluster.name)
  }
  async function check(name: string): Promise<void> {
    const begun = await bridge.request('checkSlurmCluster', name)
    if (!checks.value.get(name) || checks.value.get(name)!.isDone) checks.value = new Map(checks.value).set(name, begun)
  }
  const stopCheck = (name: string) => notices.attempt(() => bridge.request('stopClusterCheck', name))
  /** A Fault where runs are still there. */
  async function remove(name: string): Promise<void> {
    await bridge.request('deleteSlurmCluster', name)
    await load()
  }

  /** Asks the person to look at what would be sent. */
  async function offer(
    asked: Pick<Sending, 'cluster' | 'studyId' | 'memberIds' | 'seeds' | 'send'>,
    { atOnce = null, torch = null }: Partial<Pick<Sending, 'atOnce' | 'torch'>> = {},
  ) {
    const mine: Sending = { ...asked, atOnce, torch, submission: sending.value?.submission ?? null, problem: null }
    sending.value = mine
    const choice = choiceOf(mine)
    const change = (changes: Partial<Sending>): void => {
      if (sending.value === mine) sending.value = { ...mine, ...changes }
    }
    try {
      change({ submission: await bridge.request('previewSubmission', asked.studyId, asked.memberIds, choice) })
    } catch (error) {
      change({ submission: null, problem: (error as Error).message })
    }
  }

  return { clusters, chosen, checks, isAdding, changing, sending, load, choose, add, check, stopCheck, remove, offer }
})
