// @vitest-environment happy-dom
// Everything by name: rooms' buttons, runs and checkpoints; the explanation, the sheet of shortcuts, and the lesson.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { findCommands } from '#renderer/components/palette-search.ts'
import { useCommands } from '#renderer/stores/commands.ts'
import { useHelpStore } from '#renderer/stores/help.ts'
import { lessonSteps, useLesson } from '#renderer/stores/lesson.ts'
import { useModelsStore } from '#renderer/stores/models.ts'
import { roomCommands, runRoomCommand } from '#renderer/stores/room-commands.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useShownRuns } from '#renderer/stores/shown-runs.ts'
import { useTraining } from '#renderer/stores/training.ts'
import HelpDialog from '#renderer/views/shell/HelpDialog.vue'
import LessonPanel from '#renderer/views/shell/LessonPanel.vue'
import ModelsView from '#renderer/views/models/ModelsView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
})
const found = (typed: string) => findCommands(useCommands().commands.value, typed).map(({ text }) => text)
const trainAll = async () => {
  await useTraining().trainLadder()
  for (const run of fake.runs.values()) fake.train(run.id, run.steps)
  await drawn()
}

test('synonyms find what rooms do', () => {
  expect(found('exp')).toContain('Export a checkpoint')
  expect(found('download chart')).toContain('Save or copy the chart')
  expect(found('upload')).toContain('Add text from files')
  expect(found('hyperparameter')).toContain('Sweep a field')
  expect(found('prompt')).toContain('Playground: generate text')
  expect(found('benchmark')).toContain('Evaluate models on tasks')
  expect(found('tutorial')).toEqual(['Lesson: your first scaling law'])
  expect(found('nothing of the kind')).toEqual([])
})

test('names come before synonyms', () => {
  const rows = [
    { text: 'Compare', group: 'Law', words: 'export' },
    { text: 'Report', group: 'Study', words: '' },
    { text: 'Export', group: 'Models' },
  ]
  expect(findCommands(rows, 'export').map(({ text }) => text)).toEqual(['Export', 'Compare'])
})

test('runs and checkpoints are found by name and opened where they live', async () => {
  await trainAll()
  const [run] = [...fake.runs.values()]
  const { commands } = useCommands()
  expect(found('').some((text) => text.startsWith('Run '))).toBe(false)
  expect(found(`run ${run!.name}`)).toContain(`Run ${run!.name}, seed 0`)
  expect(found('log axis')).toContain('Axes of the chart of the runs: log or linear, limits')
  commands.value.find(({ id }) => id === `run ${run!.id}`)!.run()
  await drawn()
  expect(useShellStore().view).toBe('training')
  expect(useShownRuns().openId).toBe(run!.id)
  const checkpoint = commands.value.find(({ id }) => id.startsWith(`checkpoint ${run!.id}`))!
  checkpoint.run()
  await drawn()
  const shell = useShellStore()
  expect([shell.view, shell.checkpointRunId]).toEqual(['models', run!.id])
})

test('what can be done with a run is found by its name, as far as its state allows', async () => {
  await useTraining().trainLadder()
  const [run] = [...fake.runs.values()]
  const { name, id } = run!
  const verbs = () => found(`run ${name}, seed 0`).flatMap((text) => /^(.+) run (.+), seed 0$/.exec(text)?.[1] ?? [])
  const press = (verb: string) =>
    useCommands()
      .commands.value.find((one) => one.id === `${verb} ${id}`)!
      .run()
  expect(verbs()).toEqual(['Pause', 'Stop'])
  press('Stop')
  expect(useShellStore().question?.title).toBe(`Stop the run of ${name}?`)
  fake.train(id, run!.steps)
  await drawn()
  expect(verbs()).toEqual(['Prompt', 'Evaluate', 'Export', 'Delete'])
  press('Prompt')
  await drawn()
  expect(useShellStore()).toMatchObject({ view: 'models', checkpointRunId: id })
  expect(localStorage.getItem('isoflop.models-page')).toBe('play')
  press('Delete')
  useShellStore().question!.run()
  await drawn()
  expect(fake.runs.has(id)).toBe(false)
  expect(verbs()).toEqual([])
})

test('every button that the palette presses is in its room', () => {
  const folder = join(__dirname, '../../../src/renderer/src')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.vue'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join()
  for (const { press } of roomCommands) {
    if (press === undefined) continue
    const mark = /^\[(.+)\]$/.exec(press)?.[1]
    expect(sources, press).toContain(mark ? `data-testid="${mark}"` : press)
  }
})

test('a command goes to its room, opens its page and presses its button', async () => {
  await trainAll()
  await useModelsStore().load()
  const view = await showScreen(ModelsView)
  document.querySelectorAll('main').forEach((one) => one.remove())
  const main = document.createElement('main')
  main.append(view.view.element)
  document.body.append(main)
  const gone: string[] = []
  const go = (room: string) => void gone.push(room)
  const how = { text: '', room: 'models', page: ['isoflop.models-page', 'weights'] } as const
  expect(await runRoomCommand({ ...how, press: '[export-checkpoint]' }, go)).toBe(true)
  await drawn()
  expect(gone).toEqual(['models'])
  expect(localStorage.getItem('isoflop.models-page')).toBe('weights')
  expect(document.querySelector('[role=dialog]')?.textContent).toContain('Export')
  expect(await runRoomCommand({ ...how, press: '[not-there]' }, go)).toBe(false)
  main.remove()
})

test('help explains what a scaling law is and lists the shortcuts', async () => {
  await showScreen(HelpDialog)
  const help = useHelpStore()
  help.show('law')
  await drawn()
  expect(document.querySelector('[data-testid=what-is-a-law]')!.textContent).toContain('power law')
  help.show('shortcuts')
  await drawn()
  expect(document.querySelectorAll('[data-testid=shortcuts] kbd').length).toBeGreaterThan(15)
  help.page = null
})

test('the lesson trains its own family, marks what is done, and compares prediction, law and measurement', async () => {
  const help = useHelpStore()
  help.restartLesson()
  const screen = await showScreen(LessonPanel)
  const lesson = useLesson()
  expect(lesson.done).toEqual(lessonSteps.map(() => false))
  await screen.press('Train the family')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await drawn()
  expect(lesson.done[0]).toBe(true)
  lesson.goTo(3)
  help.change({ prediction: 2.5 })
  for (const run of fake.runs.values()) if (run.state !== 'finished') fake.train(run.id, run.steps)
  await drawn()
  expect(lesson.done.slice(0, 5)).toEqual([true, true, true, true, true])
  lesson.goTo(4)
  await drawn()
  expect(screen.text()).toMatch(/You: 2\.500, .* % off/)
  expect(screen.text()).toMatch(/Measured: \d/)
})
