// The fake lab's evaluations: queued when asked for, finished when a test says so, with as many right items as it asks.
import {
  type AutomaticEvaluation,
  canResumeEvaluation,
  defaultAutomaticEvaluation,
  type Evaluation,
  type EvaluationTask,
  isRight,
} from '#shared/evaluation/evaluation.ts'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import { Fault } from '#shared/fault.ts'
import type { Lab, LabNews, NewsKind } from '#shared/lab.ts'
import type { ImportedModel } from '#shared/model.ts'
import type { RunSummary } from '#shared/run.ts'

const task = (name: string, title: string, changes: Partial<EvaluationTask> = {}): EvaluationTask => ({
  name,
  title,
  about: `What ${title} asks.`,
  source: 'a test',
  licence: 'CC0 1.0',
  kind: 'choices',
  metrics: ['acc', 'acc_norm', 'answer_bits_per_byte'],
  chance: 0.25,
  hub: null,
  isMade: false,
  canReadSplit: false,
  files: [],
  fetching: null,
  message: null,
  ...changes,
})

const tasksOfTheStudy = [
  task('hellaswag', 'HellaSwag', {
    hub: { dataset: 'Rowan/hellaswag', config: null, split: 'validation', shotsSplit: 'train' },
  }),
  task('winogrande', 'WinoGrande', {
    kind: 'contexts',
    metrics: ['acc'],
    chance: 0.5,
    hub: { dataset: 'allenai/winogrande', config: 'winogrande_xl', split: 'validation', shotsSplit: 'train' },
  }),
  task('text', 'Text', {
    kind: 'text',
    metrics: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
    chance: null,
    canReadSplit: true,
  }),
  task('copy', 'Copy', { isMade: true }),
  task('cloze', 'Cloze', { isMade: true, canReadSplit: true }),
  task('agreement', 'Agreement', { isMade: true, canReadSplit: true, language: 'en' }),
]

type EvaluationRequests =
  | 'listTasks'
  | 'addTaskFile'
  | 'removeTaskFile'
  | 'addTask'
  | 'removeTask'
  | 'fetchTask'
  | 'stopFetchingTask'
  | 'listEvaluations'
  | 'startEvaluations'
  | 'stopEvaluation'
  | 'resumeEvaluation'
  | 'deleteEvaluation'
  | 'restoreEvaluation'
  | 'readSamples'
  | 'automaticEvaluation'
  | 'setAutomaticEvaluation'

export interface FakeEvaluationsDeps {
  tell<K extends NewsKind>(kind: K, news: LabNews[K]): void
  runs: Map<string, RunSummary>
  models: Map<string, ImportedModel>
}

/** Items of a task of which the first `right` are answered rightly; texts cost two bits per byte. */
const fakeItems = (name: string, count: number, right: number): ItemRecord[] =>
  Array.from({ length: count }, (_, index) =>
    name === 'text'
      ? {
          kind: 'item',
          task: name,
          index,
          contexts: [''],
          continuations: [`text ${index}`],
          gold: null,
          logLikelihoods: [-10],
          areGreedy: [false],
          metrics: { bits_per_byte: 10 },
          size: { words: 2, bytes: 7 },
        }
      : {
          kind: 'item',
          task: name,
          index,
          contexts: [`context ${index}`],
          continuations: [' one', ' two', ' three', ' four'],
          gold: 0,
          logLikelihoods: index < right ? [-1, -2, -3, -4] : [-4, -3, -2, -1],
          areGreedy: [false, false, false, false],
          metrics: { acc: Number(index < right), acc_norm: Number(index < right) },
        },
  )

export function createFakeEvaluations({ tell, runs, models }: FakeEvaluationsDeps) {
  const tasks = new Map(tasksOfTheStudy.map((one) => [one.name, one]))
  const evaluations = new Map<string, Evaluation>()
  const deleted = new Map<string, Evaluation>()
  const items = new Map<string, ItemRecord[]>()
  const automatic = new Map<string, AutomaticEvaluation>()
  let lastId = 0

  const found = <T>(map: Map<string, T>, id: string): T => {
    const one = map.get(id)
    if (!one) throw new Fault('not-found', `There is no ${id}.`)
    return one
  }
  const putTask = (one: EvaluationTask) => {
    tasks.set(one.name, one)
    tell('task', one)
    return one
  }
  const put = (one: Evaluation) => {
    evaluations.set(one.id, one)
    tell('evaluation', one)
    return one
  }
  const facts = (subject: Evaluation['subject']) => {
    if (subject.kind === 'model')
      return { subject, name: found(models, subject.modelId).name, memberId: null, parameters: 2000, flops: null }
    if (subject.kind === 'folder') return { subject, name: subject.path, memberId: null, parameters: 0, flops: null }
    const { name, memberId, parameters, flops, step } = found(runs, subject.runId)
    return { subject: { ...subject, step: subject.step ?? step }, name, memberId, parameters, flops }
  }

  const requests: Pick<Lab, EvaluationRequests> = {
    listTasks: async () => [...tasks.values()],
    addTaskFile: async (name, role, path) => {
      const one = found(tasks, name)
      const file = {
        role,
        name: path.split('/').pop()!,
        paths: [path],
        source: 'file' as const,
        rows: 20,
        bytes: 2000,
        addedMs: ++lastId,
      }
      return putTask({ ...one, files: [...one.files.filter((other) => other.role !== role), file], message: null })
    },
    removeTaskFile: async (name, role) =>
      putTask({ ...found(tasks, name), files: found(tasks, name).files.filter((file) => file.role !== role) }),
    addTask: async (path) => {
      const file = { role: 'items' as const, name: path, paths: [path], source: 'file' as const, rows: 3, bytes: 99 }
      if (path.includes('wrong'))
        throw new Fault('bad-input', `${path}: kind must be "choices" or "text"; it is "quiz".`)
      return putTask(task('capitals.0a1b2c3d', 'Capitals', { isOwn: true, files: [{ ...file, addedMs: ++lastId }] }))
    },
    removeTask: async (name) => {
      tasks.delete(name)
      tell('taskRemoved', { task: name })
    },
    fetchTask: async (name) =>
      putTask({ ...found(tasks, name), fetching: { doneBytes: 0, totalBytes: null }, message: null }),
    stopFetchingTask: async (name) => putTask({ ...found(tasks, name), fetching: null }),
    listEvaluations: async (studyId) => [...evaluations.values()].filter((one) => one.studyId === studyId),
    startEvaluations: async (studyId, subjects, names, options) =>
      subjects.flatMap((subject) =>
        names.map((name) =>
          put({
            id: `evaluation-${++lastId}`,
            studyId,
            ...facts(subject),
            task: found(tasks, name).name,
            options,
            isAutomatic: false,
            state: 'queued',
            done: 0,
            of: 0,
            secondsLeft: null,
            message: null,
            code: null,
            result: null,
            device: null,
            seconds: 0,
            createdMs: lastId,
            finishedMs: null,
          }),
        ),
      ),
    stopEvaluation: async (id) => put({ ...found(evaluations, id), state: 'cancelled', secondsLeft: null }),
    resumeEvaluation: async (id) => {
      const one = found(evaluations, id)
      if (!canResumeEvaluation(one)) throw new Fault('conflict', `${one.name} has nothing to resume.`)
      return put({ ...one, state: 'queued', message: null, code: null })
    },
    deleteEvaluation: async (id) => {
      deleted.set(id, found(evaluations, id))
      evaluations.delete(id)
      tell('evaluationDeleted', { evaluationId: id })
    },
    restoreEvaluation: async (id) => put(found(deleted, id)),
    readSamples: async (id, { verdict, from, count }) => {
      const fitting = (items.get(found(evaluations, id).id) ?? []).filter(
        (item) => verdict === 'all' || isRight(item) === (verdict === 'right'),
      )
      return { total: fitting.length, from, items: fitting.slice(from, from + count) }
    },
    automaticEvaluation: async (studyId) => automatic.get(studyId) ?? defaultAutomaticEvaluation,
    setAutomaticEvaluation: async (studyId, asked) => {
      automatic.set(studyId, asked)
      tell('automaticEvaluation', { studyId, automatic: asked })
      return asked
    },
  }

  return {
    requests,
    evaluations,
    tasks,
    /** Ends an evaluation of `count` items with `right` of them right. */
    finish(id: string, right: number, count = 20): Evaluation {
      const one = found(evaluations, id)
      const { title, kind, chance } = found(tasks, one.task)
      items.set(id, fakeItems(one.task, count, right))
      const share = right / count
      const metrics =
        kind === 'text'
          ? [{ name: 'bits_per_byte' as const, value: 2, stderr: null }]
          : [{ name: 'acc' as const, value: share, stderr: Math.sqrt((share * (1 - share)) / (count - 1)) }]
      return put({
        ...one,
        state: 'finished',
        done: count,
        of: count,
        device: 'a test',
        seconds: 2,
        finishedMs: ++lastId,
        result: { task: one.task, title, shots: one.options.shots, items: count, chance, metrics },
      })
    },
  }
}
