// Tasks whose rows a person brings, and evaluations that come and go with their study.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultAutomaticEvaluation } from '#shared/evaluation/evaluation.ts'
import { runIn, until } from '../../../support/tiny-lab.ts'
import { bench, lab, study, script, open, never, only, evaluationIn, start, openScriptedLab } from './bench.ts'

openScriptedLab()

describe('members are evaluated as they finish', () => {
  test('where their study asks for it, with its tasks, and not twice', async () => {
    expect(await lab.automaticEvaluation(study.id)).toEqual(defaultAutomaticEvaluation)
    const automatic = { isOn: true, tasks: ['text', 'brackets'], options: only({ limit: 5 }) }
    const told: unknown[] = []
    lab.listen('automaticEvaluation', (news) => told.push(news))
    expect(await lab.setAutomaticEvaluation(study.id, automatic)).toEqual(automatic)
    expect(told).toEqual([{ studyId: study.id, automatic }])
    const [second] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, second.id, 'finished')
    const made = await until(async () => {
      const all = await lab.listEvaluations(study.id)
      return all.length === 2 && all.every(({ state }) => state === 'finished') && all
    }, 'two evaluations')
    expect(
      made.map(({ task, subject: of, isAutomatic, options: { split, limit } }) => [
        task,
        of.kind === 'run' && of.runId,
        isAutomatic,
        split,
        limit,
      ]),
    ).toEqual([
      ['text', second.id, true, 'validation', 5],
      ['brackets', second.id, true, null, 5],
    ])
    expect(script.jobs[0].tasks[0].documents).toMatchObject({
      split: 'validation',
      corpusFolder: expect.stringContaining('corpora'),
    })
    await lab.close()
    await open()
    expect(await lab.automaticEvaluation(study.id)).toEqual(automatic)
    expect((await lab.listEvaluations(study.id)).length).toBe(2)
    await expect(lab.setAutomaticEvaluation(study.id, { ...automatic, tasks: ['chess'] })).rejects.toThrow(
      'tasks: there is no task called "chess".',
    )
  })

  test('and nowhere else', async () => {
    const [second] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, second.id, 'finished')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await lab.listEvaluations(study.id)).toEqual([])
  })
})

test('a study that is deleted stops what is evaluated in it', async () => {
  script.go = never
  const [{ id }] = await start('brackets')
  await evaluationIn(id, 'running')
  await lab.deleteStudy(study.id)
  await lab.restoreStudy(study.id)
  await evaluationIn(id, 'cancelled')
})

test('the rows of a task come from a file that is looked through first, and stay when the file goes', async () => {
  const path = join(bench.home, '..', 'rows.jsonl')
  mkdirSync(bench.home, { recursive: true })
  writeFileSync(path, '{"goal":"g","sol1":"a","sol2":"b","label":0}\n{"goal":"g","sol1":"a","label":0}\n')
  await expect(lab.addTaskFile('piqa', 'items', path)).rejects.toThrow(/rows\.jsonl, line 2: the field sol2 is missing/)
  expect((await lab.listTasks()).find(({ name }) => name === 'piqa')!.files).toEqual([])
  writeFileSync(path, '{"goal":"g","sol1":"a","sol2":"b","label":0}\n')
  const told: string[] = []
  lab.listen('task', ({ name, files }) => told.push(`${name} ${files.length}`))
  const piqa = await lab.addTaskFile('piqa', 'items', path)
  expect(piqa.files).toMatchObject([{ role: 'items', name: 'rows.jsonl', rows: 1, source: 'file' }])
  writeFileSync(path, '')
  const [{ id }] = await start('piqa')
  await evaluationIn(id, 'finished')
  const [data] = script.jobs[0].tasks[0].data as string[]
  expect(readFileSync(data, 'utf8')).toContain('"sol2":"b"')
  expect((await lab.removeTaskFile('piqa', 'items')).files).toEqual([])
  expect(told).toEqual(['piqa 1', 'piqa 0'])
  await expect(lab.addTaskFile('piqa', 'items', path)).rejects.toThrow(/rows\.jsonl/) // an empty one
})

test('a task of one’s own goes by its content: rows stay, a changed file is another, results outlive it', async () => {
  const path = join(bench.home, '..', 'own.json')
  const task = { name: 'own', kind: 'choices', context: '{q}', choices: ['yes', 'no'], answer: 'right', shots: 1 }
  const write = (rows: object[]) => writeFileSync(path, JSON.stringify({ ...task, rows }))
  write([{ q: 'a', right: 3 }])
  await expect(lab.addTask(path)).rejects.toThrow(
    /own\.json, row 1: the field right must be a whole number from 0 to 1/,
  )
  const rows = [
    { q: 'a', right: 0 },
    { q: 'b', right: 1 },
  ]
  write(rows)
  const first = await lab.addTask(path)
  expect(first).toMatchObject({ isOwn: true, isMade: false, chance: 0.5, files: [{ rows: 2, name: 'own.json' }] })
  expect((await lab.addTask(path)).name).toBe(first.name)
  const [made] = await start(first.name)
  expect(made.options.shots).toBe(1) // its own, where none are asked for
  await evaluationIn(made.id, 'finished')
  const [choice] = script.jobs[0].tasks
  expect(choice.own).toMatchObject({ name: first.name, kind: 'choices' })
  expect(readFileSync((choice.data as string[])[0], 'utf8')).toBe(
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  )

  write([...rows, { q: 'c', right: 0 }])
  const second = await lab.addTask(path)
  expect(second.name).not.toBe(first.name)
  expect((await start('own'))[0].task).toBe(second.name) // by its bare name the newest
  await lab.close()
  await open()
  const own = (await lab.listTasks()).filter(({ isOwn }) => isOwn)
  expect(own.map(({ name }) => name)).toEqual([first.name, second.name])
  await lab.removeTask(first.name)
  expect((await lab.listTasks()).some(({ name }) => name === first.name)).toBe(false)
  expect((await lab.listEvaluations(study.id)).find(({ id }) => id === made.id)!.result).not.toBeNull()
  await expect(lab.removeTask('piqa')).rejects.toThrow(/no task of your own/)
})
