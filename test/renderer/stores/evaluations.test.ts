// @vitest-environment happy-dom
// Evaluations as the window knows them: what is started, how it goes, what comes of it, and the rows of tasks.
import { beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useBeginStore } from '#renderer/stores/begin.ts'
import { useEvaluationRequest } from '#renderer/stores/evaluation-request.ts'
import { useEvaluationsStore } from '#renderer/stores/evaluations.ts'
import { useModelsStore } from '#renderer/stores/models.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow, settled } from '../support/window.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = openWindow().fake
  await loadStores()
  await useBeginStore().watchLawEmerge()
  for (const run of useRunsStore().ofStudy(useStudiesStore().currentId).slice(0, 2)) fake.train(run.id, run.steps)
  await useModelsStore().load()
  useEvaluationsStore()
  await settled()
})

/** The request of a new user: every finished member on two synthetic tasks. */
async function startSynthetic() {
  const request = useEvaluationRequest()
  request.names = ['copy', 'cloze']
  await request.start()
  await settled()
  return useEvaluationsStore().evaluations
}

describe('what is to be evaluated', () => {
  it('is every finished member unless a person chooses', () => {
    const request = useEvaluationRequest()
    expect(request.chosen.map(({ row }) => row!.step === row!.made.steps)).toEqual([true, true])
    request.choose([request.chosen[0]], false)
    expect(request.chosen).toHaveLength(1)
  })

  it('says what is missing before it can begin', async () => {
    const request = useEvaluationRequest()
    const evaluations = useEvaluationsStore()
    request.names = []
    expect(request.problem).toBe('Choose a task first.')
    request.names = ['text']
    expect(request.problem).toBeNull()
    request.options = { ...request.options, split: null }
    expect(request.problem).toBe('Text has no file yet.')
    await evaluations.addPath('text', 'items', '/texts/mine.jsonl')
    expect(request.problem).toBeNull()
    request.names = ['hellaswag']
    expect(request.tasks.filter(request.isFetchedFirst).map(({ name }) => name)).toEqual(['hellaswag'])
    request.choose(request.offered, false)
    expect(request.problem).toBe('Choose a model first.')
  })

  it('is no task of English words where the text of the study is not in English', async () => {
    const request = useEvaluationRequest()
    const studies = useStudiesStore()
    request.names = ['cloze', 'agreement']
    expect(request.tasks.map(({ name }) => name)).toEqual(['cloze', 'agreement'])
    const german = 'Es war einmal eine kleine süße Dirne, die hatte jedermann lieb, der sie nur ansah. '.repeat(4)
    const other = [...fake.corpora.keys()].at(-1)!
    fake.texts.set(other, german)
    studies.change({ corpusId: other })
    await settled()
    expect(request.tasks.map(({ name }) => name)).toEqual(['cloze'])
    request.options = { ...request.options, split: null }
    expect(request.tasks.map(({ name }) => name)).toEqual(['cloze', 'agreement'])
  })

  it('is asked for with the options as they were typed', async () => {
    const request = useEvaluationRequest()
    request.options = { shots: 5, sampler: 'harness', limit: 20, split: 'validation' }
    await startSynthetic()
    const asked = fake.asked.find(({ name }) => name === 'startEvaluations')!
    expect(asked.args).toEqual([
      useStudiesStore().currentId,
      request.chosen.map(({ subject }) => subject),
      ['copy', 'cloze'],
      { shots: 5, sampler: 'harness', limit: 20, split: 'validation' },
    ])
  })
})

describe('evaluations under way', () => {
  it('fill their share as they finish, and are estimated from those that have', async () => {
    const store = useEvaluationsStore()
    const made = await startSynthetic()
    expect([made.length, store.going.length, store.share, store.secondsLeft]).toEqual([4, 4, 0, null])
    fake.evaluation.finish(made[0].id, 15)
    await settled()
    expect(store.share).toBeCloseTo(0.25)
    expect(store.secondsLeft).toBeCloseTo(6) // 2 seconds each, three to go
    for (const { id } of made) fake.evaluation.finish(id, 15)
    await settled()
    expect([store.share, store.going.length]).toEqual([null, 0])
  })

  it('are cancelled from the last to the first, and go on together', async () => {
    const store = useEvaluationsStore()
    const made = await startSynthetic()
    fake.tell('evaluation', { ...made[0], state: 'running', done: 5, of: 20 })
    await store.stopAll()
    expect(fake.asked.filter(({ name }) => name === 'stopEvaluation').map(({ args }) => args[0])).toEqual([
      made[3].id,
      made[2].id,
      made[1].id,
      made[0].id,
    ])
    expect(store.resumable).toHaveLength(4)
    await store.resumeAll()
    expect(store.going).toHaveLength(4)
  })

  it('of another study are not shown', async () => {
    const store = useEvaluationsStore()
    const [first] = await startSynthetic()
    fake.tell('evaluation', { ...first, id: 'elsewhere', studyId: 'another' })
    expect(store.evaluations.some(({ id }) => id === 'elsewhere')).toBe(false)
    await useStudiesStore().create('Another')
    await settled()
    expect(store.evaluations).toEqual([])
  })

  it('go with a run that is deleted, and come back with it', async () => {
    const store = useEvaluationsStore()
    await startSynthetic()
    const [run] = useRunsStore().ofStudy(useStudiesStore().currentId)
    fake.tell('runDeleted', { runId: run.id })
    expect(store.evaluations).toHaveLength(2)
    fake.tell('run', run)
    expect(store.evaluations).toHaveLength(4)
  })

  it('are deleted and brought back', async () => {
    const store = useEvaluationsStore()
    const [first] = await startSynthetic()
    await store.remove(first, 'Copy')
    expect(store.evaluations).toHaveLength(3)
    useNoticesStore().notices.at(-1)!.action!.run()
    await settled()
    expect(store.evaluations.map(({ id }) => id)).toContain(first.id)
  })
})

describe('the rows of a task', () => {
  it('are sent to the lab, and a file that is none is named as the person knows it', async () => {
    fake.door.uploadFile = async ({ name }, progress) => {
      progress(1)
      return `/home/lab/uploads/1234/${name}`
    }
    const store = useEvaluationsStore()
    fake.refuse(
      'addTaskFile',
      new Fault('bad-input', '/home/lab/uploads/1234/rows.jsonl, line 2: the field gold is missing.'),
    )
    await store.addFile('hellaswag', 'items', { name: 'rows.jsonl', size: 10 })
    expect(store.problems).toEqual({ hellaswag: 'rows.jsonl, line 2: the field gold is missing.' })
    expect(store.uploads).toEqual({})
    await store.addFile('hellaswag', 'items', { name: 'better.jsonl', size: 10 })
    expect(store.problems).toEqual({})
    expect(store.taskOf('hellaswag')!.files.map(({ role, name }) => [role, name])).toEqual([['items', 'better.jsonl']])
    await store.removeFile('hellaswag', 'items')
    expect(store.taskOf('hellaswag')!.files).toEqual([])
  })

  it('come from the hub, with news of how far they are', async () => {
    const store = useEvaluationsStore()
    await store.fetchRows('hellaswag')
    expect(store.taskOf('hellaswag')!.fetching).toEqual({ doneBytes: 0, totalBytes: null })
    fake.tell('task', { ...store.taskOf('hellaswag')!, fetching: null, message: 'The hub cannot be reached.' })
    expect(store.taskOf('hellaswag')!.message).toBe('The hub cannot be reached.')
  })
})

it('says why it could not be read, until it can', async () => {
  const store = useEvaluationsStore()
  fake.refuse('listEvaluations', new Fault('failed', 'The store is damaged.'))
  await store.load()
  expect(store.failure).toBe('The store is damaged.')
  await store.load()
  expect([store.failure, store.isLoaded]).toEqual([null, true])
})

it('members are evaluated by themselves with what is ticked, until that is switched off', async () => {
  const store = useEvaluationsStore()
  const options = { shots: 0, sampler: 'first' as const, limit: 100, split: 'validation' as const }
  await store.setAutomatic({ isOn: true, tasks: ['copy'], options })
  expect(store.automatic).toEqual({ isOn: true, tasks: ['copy'], options })
  fake.refuse('setAutomaticEvaluation', new Fault('failed', 'The disk is full.'))
  await store.setAutomatic({ ...store.automatic, isOn: false })
  expect(store.automatic.isOn).toBe(true)
})
