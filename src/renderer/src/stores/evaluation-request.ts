// What a person wants evaluated: which models, which tasks, how; kept as typed until it is started.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import {
  defaultEvaluationOptions,
  usualTasks,
  type EvaluationOptions,
  type EvaluationTask,
} from '#shared/evaluation/evaluation.ts'
import { isEnglish } from '#shared/evaluation/english.ts'
import { useBridge } from '../bridge.ts'
import { useCorporaStore } from './corpora.ts'
import { useEvaluationsStore } from './evaluations.ts'
import { useModelsStore, type Entry } from './models.ts'
import { useStudiesStore } from './studies.ts'

/** Documents that are looked at before the language of a text is given up. */
const mostDocuments = 20

export const useEvaluationRequest = defineStore('evaluation-request', () => {
  const bridge = useBridge()
  const corpora = useCorporaStore()
  const evaluations = useEvaluationsStore()
  const models = useModelsStore()
  const studies = useStudiesStore()
  const names = useLocalStorage<string[]>('isoflop.evaluated-tasks', [...usualTasks])
  const options = useLocalStorage<EvaluationOptions>(
    'isoflop.evaluation-options',
    { ...defaultEvaluationOptions, limit: 200 },
    { mergeDefaults: true },
  )
  const showsEarlier = ref(false)
  /** Null until a person has chosen: then the last checkpoint of every run. */
  const keys = shallowRef<string[] | null>(null)
  const isStarting = ref(false)
  watch(
    () => studies.currentId,
    () => (keys.value = null),
  )

  const isFinal = ({ row }: Entry): boolean => row !== null && row.step === row.made.steps
  const offered = computed(() => models.entries.filter(({ row }) => row === null || row.isLast || showsEarlier.value))
  const isChosen = (entry: Entry): boolean => (keys.value === null ? isFinal(entry) : keys.value.includes(entry.key))
  const chosen = computed(() => models.entries.filter(isChosen))
  const choose = (wanted: readonly Entry[], isWanted: boolean) => {
    const now = new Set(chosen.value.map(({ key }) => key))
    for (const { key } of wanted)
      if (isWanted) now.add(key)
      else now.delete(key)
    keys.value = [...now]
  }

  /** The beginning of what the made tasks would be made of; too little says nothing of its language. */
  const beginning = shallowRef('')
  const isInEnglish = computed(() => isEnglish(beginning.value))
  const readable = computed(() => {
    const corpus = corpora.corpora.find(({ id }) => id === studies.current?.corpusId)
    return options.value.split !== null && corpus?.state === 'finished' ? `${corpus.id} ${options.value.split}` : null
  })
  watch(
    readable,
    async (mine) => {
      const [split, corpusId] = [options.value.split, studies.current?.corpusId]
      beginning.value = ''
      if (mine === null || !split || !corpusId) return
      for (let i = 0; i < mostDocuments && isInEnglish.value === null; i++) {
        const text = await bridge.request('corpusText', corpusId, split, i).catch(() => null) // it has no more documents
        if (text === null || readable.value !== mine) return
        beginning.value += `${text}\n`
      }
    },
    { immediate: true },
  )
  /** A task of English words, and a text that is not in English. */
  const isForeign = ({ language, canReadSplit }: EvaluationTask): boolean =>
    language === 'en' && canReadSplit && options.value.split !== null && isInEnglish.value === false

  const tasks = computed(() => evaluations.tasks.filter((task) => names.value.includes(task.name) && !isForeign(task)))
  const chooseTasks = (wanted: readonly string[], isWanted: boolean) => {
    const rest = names.value.filter((name) => !wanted.includes(name))
    names.value = isWanted ? [...rest, ...wanted] : rest
  }
  const hasRows = ({ files }: EvaluationTask, role: 'items' | 'shots' = 'items') =>
    files.some((file) => file.role === role)
  /** A task whose rows nobody can bring: it needs a file first. */
  const isBlocked = (task: EvaluationTask): boolean =>
    !task.isMade && !task.hub && !hasRows(task) && (!task.canReadSplit || options.value.split === null)
  /** Rows that will be fetched from the hub before the first item. */
  const isFetchedFirst = (task: EvaluationTask): boolean => task.hub !== null && !hasRows(task)
  const problem = computed(() => {
    const blocked = tasks.value.filter(isBlocked)
    if (!chosen.value.length) return 'Choose a model first.'
    if (!tasks.value.length) return 'Choose a task first.'
    return blocked.length
      ? `${blocked.map(({ title }) => title).join(', ')} ${blocked.length > 1 ? 'have' : 'has'} no file yet.`
      : null
  })

  async function start(): Promise<void> {
    if (isStarting.value || problem.value) return
    isStarting.value = true
    await evaluations.start(
      chosen.value.map(({ subject }) => subject),
      tasks.value.map(({ name }) => name),
      { ...options.value },
    )
    isStarting.value = false
  }
  return {
    names,
    options,
    showsEarlier,
    offered,
    chosen,
    tasks,
    problem,
    isStarting,
    isChosen,
    choose,
    chooseTasks,
    hasRows,
    isBlocked,
    isForeign,
    isFetchedFirst,
    start,
  }
})
