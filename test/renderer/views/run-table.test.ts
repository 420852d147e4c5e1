// @vitest-environment happy-dom
// The table of runs: sorted, filtered, grouped, coloured, and what it lets stand in the chart.
import { beforeEach, expect, test, vi } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { runColumns } from '#shared/run-table/run-columns.ts'
import { useRunPlansStore } from '#renderer/stores/run-plans.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useRunTable } from '#renderer/stores/run-table.ts'
import { useShownRuns } from '#renderer/stores/shown-runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import TrainingView from '#renderer/views/training/TrainingView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, openStudy, showScreen, type Screen } from '../support/screen.ts'

vi.mock('@tanstack/vue-virtual', async () => (await import('../support/all-rows.ts')).allRows)

let fake: FakeLab
let screen: Screen
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
  await useTraining().trainLadder()
  const losses = [2.9, 2.7, 2.5, 2.3, 2.1]
  for (const [i, run] of [...fake.runs.values()].entries())
    change(run, { state: 'finished', validationLoss: losses[i], seed: i % 2, tokensPerSecond: 1000 })
  screen = await showScreen(TrainingView)
  await screen.press('Table')
})
function change(run: RunSummary, to: Partial<RunSummary>) {
  const next = { ...fake.runs.get(run.id)!, ...to }
  fake.runs.set(run.id, next)
  fake.tell('run', next)
}
const names = () => screen.view.findAll('[data-testid=table-row] .name').map((one: any) => one.text())
const cell = (row: number, title: string): string => {
  const titles = screen.view.findAll('[role=columnheader]').map((one: any) => one.text())
  const rows = screen.view.findAll('[data-testid=table-row]')
  return rows[row].findAll('[role=cell]')[titles.indexOf(title)].text()
}
const filter = async (text: string) => {
  await screen.view.get('[data-testid=run-filter]').setValue(text)
  await drawn()
}
const allNames = () => [...fake.runs.values()].map(({ name }) => name)

test('every run is a row with its plan and its results', () => {
  expect(names()).toEqual(allNames())
  expect(cell(0, 'Validation loss')).toBe('2.9000')
  const plan = useRunPlansStore().plans.get([...fake.runs.keys()][0])!
  expect(cell(0, 'Peak learning rate')).toBe(String(Number(plan.member.peakLearningRate.toPrecision(6))))
  expect(cell(0, 'Tokens/param')).toMatch(/^(19\.\d|20\.\d)$/)
  expect(cell(0, 'Place')).toBe('this computer')
})

test('a run on emulated systems says so', async () => {
  change([...fake.runs.values()][0], { systems: 4 })
  await drawn()
  expect(cell(0, 'Place')).toBe('emulated cluster ×4')
})

test('a title sorts, a second click turns the order round', async () => {
  await screen.press('Validation loss')
  expect(names()).toEqual([...allNames()].reverse())
  await screen.press('Validation loss')
  expect(names()).toEqual(allNames())
})

test('a filter leaves what it says, and what it does not understand is a sentence while all rows stay', async () => {
  await filter('validation < 2.6 and seed = 0')
  expect(names()).toEqual([allNames()[2], allNames()[4]])
  await filter('validation < ')
  expect(screen.view.get('[role=alert]').text()).toMatch(/a value is missing/)
  expect(names()).toEqual(allNames())
  await filter('seed = 7')
  expect(screen.text()).toContain('No run passes this filter.')
})

test('ticked runs stand in the chart alone until all are shown', async () => {
  await filter('seed = 1')
  await screen.press('Only these 2')
  expect(useShownRuns().shown.map(({ name }) => name)).toEqual([allNames()[1], allNames()[3]])
  await screen.press('Show all')
  expect(useShownRuns().shown).toHaveLength(5)
  await filter('')
  useRunTable().tick([[...fake.runs.keys()][2]], true)
  await drawn()
  await screen.press('Only these 1')
  expect(useShownRuns().shown.map(({ name }) => name)).toEqual([allNames()[2]])
})

test('groups show mean and spread, fold, and give the chart their colours', async () => {
  const table = useRunTable()
  table.choices.group = 'seed'
  await drawn()
  const groups = () => screen.view.findAll('[data-testid=run-group]')
  expect(groups().map((one: any) => one.get('strong').text())).toEqual(['Seed 0', 'Seed 1'])
  expect(groups()[0].text()).toContain('2.5000 ± 0.4000') // 2.9, 2.5, 2.1
  expect(groups()[1].text()).toContain('2.5000 ± 0.2828') // 2.7, 2.3
  await screen.press('Fold 0')
  expect(names()).toEqual([allNames()[1], allNames()[3]])
  table.choices.isColoured = true
  await drawn()
  const colours = [...fake.runs.values()].map((run) => useShownRuns().styleOf(run).colour)
  expect(new Set(colours).size).toBe(2)
  expect(colours[0]).toBe(colours[2])
})

test('columns are chosen and remembered, and the CSV holds those in view with every digit', async () => {
  const table = useRunTable()
  table.choices.columns = ['name', 'validation', 'weightDecay']
  await drawn()
  expect(screen.view.findAll('[role=columnheader]')).toHaveLength(4)
  expect(JSON.parse(localStorage.getItem('isoflop.run-table')!).columns).toEqual(table.choices.columns)
  const [header, first] = table.csv().split('\n')
  expect(header).toBe('run,name,validation (nats/token),weightDecay')
  expect(first).toBe(`${[...fake.runs.keys()][0]},${allNames()[0]},2.9,0.1`)
})

test('a study laid beside brings its runs, and then each study has one colour', async () => {
  const first = useStudiesStore().current!
  await useStudiesStore().create('Another')
  await useTraining().trainLadder()
  await drawn()
  const shown = useShownRuns()
  expect(shown.all).toHaveLength(5)
  await screen.press('Add studies')
  document.querySelector<HTMLElement>(`[role=checkbox][aria-label="${first.name}"]`)!.click()
  await drawn()
  expect(shown.all).toHaveLength(10)
  expect(new Set(shown.all.map((run) => shown.styleOf(run).colour)).size).toBe(2)
  await filter(`study = Another`)
  expect(names()).toHaveLength(5)
})

test('tags and notes of runs and studies are kept by the lab and found by the filter', async () => {
  const [a, b] = [...fake.runs.keys()]
  useRunTable().tick([a, b], true)
  await drawn()
  await screen.press('Tag')
  const field = document.querySelector<HTMLInputElement>('[aria-label="Add a tag to the ticked runs"]')!
  field.value = 'baseline'
  field.dispatchEvent(new Event('input'))
  field.dispatchEvent(new Event('change'))
  await drawn()
  expect((await fake.request('listAnnotations')).map(({ id, tags }) => [id, tags])).toEqual([
    [a, ['baseline']],
    [b, ['baseline']],
  ])
  await filter('tag = baseline')
  expect(names()).toEqual(allNames().slice(0, 2))
  await fake.request('annotate', 'run', a, { note: 'Spikes at the end' })
  await fake.request('annotate', 'study', useStudiesStore().currentId!, { tags: ['bytes'] })
  await filter('note ~ spikes and studytag = bytes')
  expect(names()).toEqual([allNames()[0]])
})

test('every column can be had of a run whose plan is not read yet', () => {
  const run = [...fake.runs.values()][0]
  for (const { of } of runColumns)
    expect(() => of({ run, plan: null, study: '', tags: [], studyTags: [], note: '' })).not.toThrow()
})

test('of very many runs the chart draws a hundred and says so, and any others when asked', async () => {
  const run = [...fake.runs.values()][0]
  for (let i = 0; i < 150; i++) fake.tell('run', { ...run, id: `many-${i}`, state: 'finished' })
  await drawn()
  const shown = useShownRuns()
  expect(shown.shown).toHaveLength(100)
  expect(screen.text()).toContain('The chart shows 100 of 155 runs.')
  shown.showOnly(new Set(['many-148', 'many-149']))
  await drawn()
  expect(shown.shown.map(({ id }) => id)).toEqual(['many-148', 'many-149'])
  expect(screen.text()).not.toContain('The chart shows')
})

test('a thousand runs are filtered, sorted and grouped', async () => {
  screen.view.unmount() // what is asked is the table's arithmetic, not a thousand curves
  const run = [...fake.runs.values()][0]
  for (let i = 0; i < 1000; i++)
    fake.runs.set(`many-${i}`, { ...run, id: `many-${i}`, seed: i, validationLoss: 2 + i / 1e4 })
  await useRunsStore().load()
  const table = useRunTable()
  table.choices.group = 'state'
  table.choices.sort = { key: 'validation', isDescending: true }
  table.filterText = 'seed < 900 and validation > 2'
  expect(table.lines.length).toBeGreaterThan(890)
})
