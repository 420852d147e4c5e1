// The evaluations of the open study, the tasks with the rows that are here, and what evaluates members by itself.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import {
  canResumeEvaluation,
  defaultAutomaticEvaluation,
  type AutomaticEvaluation,
  type Evaluation,
  type EvaluationOptions,
  type EvaluationTask,
  type SamplesQuery,
  type TaskFileRole,
} from '#shared/evaluation/evaluation.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { DroppedFile } from '#shared/lab-bridge.ts'
import type { Subject } from '#shared/subject.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useDeletedStore } from './deleted.ts'
import { useNoticesStore } from './notices.ts'
import { useRunNames } from './run-names.ts'
import { useStudiesStore } from './studies.ts'
import { withOne } from './with-one.ts'

/** What goes wrong with a task of one's own that is not there yet is told under this name. */
export const ownTasks = 'own tasks'

export interface TaskUpload {
  name: string
  doneBytes: number
  totalBytes: number
}

export const useEvaluationsStore = defineStore('evaluations', () => {
  const bridge = useBridge()
  const names = useRunNames()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const deleted = useDeletedStore()
  const studies = useStudiesStore()
  const all = shallowRef<Evaluation[]>([])
  /** Runs and models that were deleted: their evaluations go with them, and come back with them. */
  const gone = shallowRef(new Set<string>())
  const evaluations = computed(() =>
    all.value.filter(
      ({ subject }) =>
        subject.kind === 'folder' || !gone.value.has(subject.kind === 'run' ? subject.runId : subject.modelId),
    ),
  )
  const tasks = shallowRef<EvaluationTask[]>([])
  const automatic = shallowRef<AutomaticEvaluation>(defaultAutomaticEvaluation)
  const isLoaded = ref(false)
  /** Why the page could not be read. */
  const failure = ref<string | null>(null)
  /** Why a task's file was not taken, and files on their way to the lab's machine; by task. */
  const problems = ref<Record<string, string>>({})
  const uploads = ref<Record<string, TaskUpload>>({})

  const put = (evaluation: Evaluation) => {
    if (evaluation.studyId === studies.currentId) all.value = withOne(all.value, evaluation)
  }
  const drop = (id: string) => (all.value = all.value.filter((one) => one.id !== id))
  const putTask = (task: EvaluationTask) =>
    (tasks.value = tasks.value.some(({ name }) => name === task.name)
      ? tasks.value.map((one) => (one.name === task.name ? task : one))
      : [...tasks.value, task])
  const dropTask = (name: string) => (tasks.value = tasks.value.filter((one) => one.name !== name))
  bridge.listen('evaluation', put)
  bridge.listen('evaluationDeleted', ({ evaluationId }) => drop(evaluationId))
  const leave = (id: string) => (gone.value = new Set([...gone.value, id]))
  const comeBack = ({ id }: { id: string }) => {
    if (gone.value.has(id)) gone.value = new Set([...gone.value].filter((one) => one !== id))
  }
  bridge.listen('runDeleted', ({ runId }) => leave(runId))
  bridge.listen('modelDeleted', ({ modelId }) => leave(modelId))
  bridge.listen('run', comeBack)
  bridge.listen('model', comeBack)
  bridge.listen('task', putTask)
  bridge.listen('taskRemoved', ({ task }) => dropTask(task))
  bridge.listen('automaticEvaluation', (news) => {
    if (news.studyId === studies.currentId) automatic.value = news.automatic
  })

  async function load(): Promise<void> {
    const studyId = studies.currentId
    failure.value = null
    try {
      const [knownTasks, found, setting] = await Promise.all([
        bridge.request('listTasks'),
        studyId ? bridge.request('listEvaluations', studyId) : [],
        studyId ? bridge.request('automaticEvaluation', studyId) : defaultAutomaticEvaluation,
      ])
      if (studies.currentId !== studyId) return
      tasks.value = knownTasks
      all.value = found
      automatic.value = setting
      isLoaded.value = true
    } catch (error) {
      failure.value = toFaultData(error).message
    }
  }
  watch(
    () => studies.currentId,
    (studyId) => {
      all.value = []
      automatic.value = defaultAutomaticEvaluation
      isLoaded.value = false
      if (studyId) void load()
    },
    { immediate: true },
  )
  lab.onBack(() => void load())

  const going = computed(() => evaluations.value.filter(isUnderWay))
  // Those that were to go together, from when the first was asked for until none is left.
  const together = shallowRef<string[]>([])
  const goingIds = computed(() => going.value.map(({ id }) => id).join())
  watch(goingIds, () => {
    const ids = going.value.map(({ id }) => id)
    together.value = ids.length ? [...new Set([...together.value, ...ids])] : []
  })
  /** Of all that go together. */
  const share = computed(() => {
    const mine = evaluations.value.filter(({ id }) => together.value.includes(id))
    return mine.length
      ? mine.reduce((sum, one) => sum + (!isUnderWay(one) ? 1 : one.of ? one.done / one.of : 0), 0) / mine.length
      : null
  })
  /** Estimated from those of them that have finished; null until one has. */
  const secondsLeft = computed(() => {
    const done = evaluations.value.filter(({ id, state }) => together.value.includes(id) && state === 'finished')
    const left = going.value.reduce((sum, { done: items, of }) => sum + 1 - (of ? items / of : 0), 0)
    return done.length ? (done.reduce((sum, { seconds }) => sum + seconds, 0) / done.length) * left : null
  })
  const resumable = computed(() => evaluations.value.filter(canResumeEvaluation))
  const taskOf = (name: string): EvaluationTask | null => tasks.value.find((task) => task.name === name) ?? null

  const start = (subjects: Subject[], names: string[], options: EvaluationOptions) =>
    notices.attempt(async () => {
      const studyId = studies.currentId
      if (!studyId) return []
      const made = await bridge.request('startEvaluations', studyId, subjects, names, options)
      made.forEach((one) => {
        if (!evaluations.value.some(({ id }) => id === one.id)) put(one) // news may have come first, and be newer
      })
      return made
    })
  const stop = (id: string) => notices.attempt(async () => put(await bridge.request('stopEvaluation', id)))
  const resume = (id: string) => notices.attempt(async () => put(await bridge.request('resumeEvaluation', id)))
  /** From the last to the first, so that cancelling one does not let the next begin. */
  async function stopAll(): Promise<void> {
    const isRunning = ({ state }: Evaluation) => Number(state === 'running')
    for (const { id } of [...going.value].reverse().sort((a, b) => isRunning(a) - isRunning(b))) await stop(id)
  }
  async function resumeAll(): Promise<void> {
    for (const { id } of resumable.value) await resume(id)
  }
  const remove = (evaluation: Evaluation, title: string) =>
    notices.attempt(async () => {
      await bridge.request('deleteEvaluation', evaluation.id)
      drop(evaluation.id)
      deleted.announce({ kind: 'evaluation', id: evaluation.id }, `${evaluation.name} on ${title} is deleted.`)
    })
  const samples = (id: string, query: SamplesQuery) => bridge.request('readSamples', id, query)

  /** What goes wrong with a task's rows is told beside the task. */
  async function withTask(name: string, work: () => Promise<EvaluationTask>): Promise<void> {
    const { [name]: _, ...others } = problems.value
    problems.value = others
    try {
      putTask(await work())
    } catch (error) {
      problems.value = { ...problems.value, [name]: toFaultData(error).message }
    }
  }
  const addPath = (name: string, role: TaskFileRole, path: string) =>
    withTask(name, () => bridge.request('addTaskFile', name, role, path))
  /** A file that was dropped or chosen in the browser: sent to the lab's machine where it cannot be read in place. */
  const addFile = (name: string, role: TaskFileRole, file: DroppedFile) =>
    withTask(name, async () => {
      const tell = (doneBytes: number) =>
        (uploads.value = { ...uploads.value, [name]: { name: file.name, doneBytes, totalBytes: file.size } })
      let path: string | null = null
      try {
        tell(0)
        path = await lab.placeFile(file, tell)
        return await bridge.request('addTaskFile', name, role, path)
      } catch (error) {
        const { code, message } = toFaultData(error)
        // a person knows it by its name
        throw new Fault(code, path ? message.replaceAll(path, file.name) : message, { cause: error })
      } finally {
        const { [name]: _, ...others } = uploads.value
        uploads.value = others
      }
    })
  /** A task of one's own, by a path on the lab's machine or a file of the browser. */
  const addOwnPath = (path: string) => withTask(ownTasks, () => bridge.request('addTask', path))
  const addOwnFile = (file: DroppedFile) =>
    withTask(ownTasks, async () => {
      const path = await lab.placeFile(file, () => undefined)
      try {
        return await bridge.request('addTask', path)
      } catch (error) {
        const { code, message } = toFaultData(error)
        throw new Fault(code, message.replaceAll(path, file.name), { cause: error }) // a person knows it by its name
      }
    })
  const removeTask = (name: string) =>
    notices.attempt(async () => {
      await bridge.request('removeTask', name)
      dropTask(name)
    })
  const removeFile = (name: string, role: TaskFileRole) =>
    withTask(name, () => bridge.request('removeTaskFile', name, role))
  const fetchRows = (name: string) => withTask(name, () => bridge.request('fetchTask', name))
  const stopFetching = (name: string) => withTask(name, () => bridge.request('stopFetchingTask', name))

  const setAutomatic = (setting: AutomaticEvaluation) =>
    notices.attempt(async () => {
      const studyId = studies.currentId
      if (!studyId) return
      const before = automatic.value
      automatic.value = setting
      try {
        automatic.value = await bridge.request('setAutomaticEvaluation', studyId, setting)
      } catch (error) {
        automatic.value = before
        throw error
      }
    })

  /** Under names that tell runs of one size apart. */
  const named = computed(() => names.ofSubjects(evaluations.value))

  return {
    evaluations,
    named,
    tasks,
    automatic,
    isLoaded,
    failure,
    problems,
    uploads,
    going,
    share,
    secondsLeft,
    resumable,
    load,
    taskOf,
    start,
    stop,
    stopAll,
    resume,
    resumeAll,
    remove,
    samples,
    addPath,
    addFile,
    addOwnPath,
    addOwnFile,
    removeTask,
    removeFile,
    fetchRows,
    stopFetching,
    setAutomatic,
  }
})
