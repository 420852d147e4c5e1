// @vitest-environment happy-dom
// The Law screen before the first run, while members train, when enough have finished, and when one failed.
import { beforeEach, expect, test } from 'vitest'
import { useLawStore } from '#renderer/stores/law.ts'
import { useLawsBeside } from '#renderer/stores/laws-beside.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useShownRuns } from '#renderer/stores/shown-runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import LawView from '#renderer/views/law/LawView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})
const started = async () => {
  await useTraining().trainLadder()
  return [...fake.runs.values()]
}
const chart = /fitted law/

test('before the first run the screen says what will stand here, and one button makes it appear', async () => {
  const screen = await showScreen(LawView)
  expect(screen.text()).toContain('No point yet')
  expect(screen.chart(chart)).toBeUndefined()
  await screen.press('Train this ladder')
  expect(lastAsked(fake, 'startRuns')).toBeDefined()
  expect(screen.text()).not.toContain('No point yet')
  expect(screen.chart(chart)).toBeDefined()
})

test('before the first run the family can be shaped instead', async () => {
  const screen = await showScreen(LawView)
  await screen.press('Shape the family first')
  expect(useShellStore().view).toBe('family')
})

test('the chart draws as soon as one member has begun, and no law yet', async () => {
  const [first] = await started()
  const screen = await showScreen(LawView)
  fake.train(first!.id, 10)
  await drawn()
  expect(screen.chart(chart)!.dataset['draws']).toBe('true')
  expect(useLawStore().law).toBeNull()
})

test('the law is fitted once members have finished, and the rest is forecast', async () => {
  const runs = await started()
  const screen = await showScreen(LawView)
  for (const run of runs.slice(0, 4)) fake.train(run.id, run.steps)
  await drawn()
  expect(screen.view.get('[data-testid=law-formula]').text()).toMatch(/^L.*=/)
  expect(screen.view.findAll('[data-testid=law-member]')).toHaveLength(runs.length)
  expect(screen.view.findAll('[data-testid=law-member] .forecast')).toHaveLength(runs.length - 4)
  const standing = useLawStore().standings.find(({ memberId }) => memberId === runs[4]!.memberId)!
  expect(useLawStore().forecastOf(standing)).not.toBeNull()
})

test('a run that failed puts no point into the law', async () => {
  const runs = await started()
  await showScreen(LawView)
  for (const run of runs.slice(0, 4)) fake.train(run.id, run.steps)
  await drawn()
  const before = useLawStore().law
  expect(before).not.toBeNull()
  fake.tell('run', {
    ...fake.runs.get(runs[4]!.id)!,
    state: 'failed',
    step: 9,
    loss: 9,
    message: 'The loss became NaN.',
  })
  await drawn()
  expect(useLawStore().standings.find(({ memberId }) => memberId === runs[4]!.memberId)!.loss).toBeNull()
  expect(useLawStore().law).toEqual(before)
})

test('runs that an older version scored in part are named, and scored on the whole split when asked', async () => {
  const runs = await started()
  const screen = await showScreen(LawView)
  for (const run of runs.slice(0, 3)) fake.train(run.id, run.steps)
  const whole = { loss: 3, tokens: 200_000, standardError: 0.01 }
  for (const run of runs.slice(0, 2)) fake.tell('run', { ...fake.runs.get(run.id)!, whole })
  await drawn()
  expect(screen.view.get('[data-testid=scored-in-part]').text()).toContain('One run was scored by an older version')
  await screen.press('Score on the whole split')
  expect(lastAsked(fake, 'rescoreRuns')).toEqual([[runs[2]!.id]])
})

test('a study laid beside is on the chart and in the table of laws, with what keeps them from being compared', async () => {
  const train = async () => {
    await useTraining().trainLadder()
    const studyId = useStudiesStore().currentId
    for (const run of [...fake.runs.values()].filter((one) => one.studyId === studyId)) fake.train(run.id, run.steps)
    await drawn()
  }
  await train()
  const first = useStudiesStore().current!
  await useStudiesStore().create('Twice the rate', { corpusId: 'b' })
  await train()
  const screen = await showScreen(LawView)
  expect(screen.view.find('[data-testid=studies-table]').exists()).toBe(false)
  useShownRuns().beside = [first]
  await drawn()
  const rows = screen.view.get('[data-testid=studies-table]').findAll('tbody tr')
  expect(rows.map((row) => row.get('td').text())).toEqual(['Twice the rate', first.name])
  expect(screen.view.get('[data-testid=studies-table]').text()).toContain('another text')
  const { law, standings } = useLawsBeside().all[0]
  expect(law!.fit!.points).toBe(standings.length)
  expect(rows[1].text()).toContain(law!.fit!.parameters.exponent.toPrecision(3).replace('-', ''))
})
