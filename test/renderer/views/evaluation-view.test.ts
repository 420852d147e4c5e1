// @vitest-environment happy-dom
// The Evaluation screen without a model, without a result, while models are evaluated, and when that failed.
import { beforeEach, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useEvaluationsStore } from '#renderer/stores/evaluations.ts'
import { useEvaluationRequest } from '#renderer/stores/evaluation-request.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useTraining } from '#renderer/stores/training.ts'
import EvaluationView from '#renderer/views/evaluation/EvaluationView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen, type Screen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

/** The smallest member has finished. */
async function trained(): Promise<void> {
  await useTraining().trainLadder()
  const [first] = [...fake.runs.values()]
  fake.train(first!.id, first!.steps)
  await drawn()
}
/** The smallest member is asked the copy task. */
async function asked(): Promise<Screen> {
  await trained()
  const screen = await showScreen(EvaluationView)
  useEvaluationRequest().names = ['copy']
  await useEvaluationRequest().start()
  await drawn()
  return screen
}
const cell = (screen: Screen) => screen.view.get('[data-testid="cell-Copy"]')
const told = async (changes: object) => {
  fake.tell('evaluation', { ...useEvaluationsStore().evaluations[0]!, ...changes })
  await drawn()
}

test('without a model the screen says where models come from', async () => {
  const screen = await showScreen(EvaluationView)
  expect(screen.text()).toContain('Nothing to evaluate yet')
  await screen.press('Shape a family')
  expect(useShellStore().view).toBe('family')
})

test('without a result one button evaluates every finished member', async () => {
  await trained()
  const screen = await showScreen(EvaluationView)
  expect(screen.text()).toContain('No results yet')
  const first = screen.view.get('[data-testid=evaluate-first]')
  expect(first.text()).toMatch(/Evaluate 1 model on \d+ tasks?/)
  await first.trigger('click')
  await drawn()
  expect(lastAsked(fake, 'startEvaluations')).toBeDefined()
  expect(screen.view.find('[data-testid=results]').exists()).toBe(true)
})

test('an evaluation under way shows how far it is and can be cancelled', async () => {
  const screen = await asked()
  expect(screen.view.get('[data-testid=going]').text()).toContain('1 evaluation remaining')
  await told({ state: 'running', done: 5, of: 20 })
  expect(cell(screen).text()).toContain('5 of 20')
  expect(cell(screen).get('[role=progressbar]').attributes('aria-valuenow')).toBe('25')
  await screen.press('Cancel all')
  expect(cell(screen).attributes('data-state')).toBe('cancelled')
  expect(screen.view.find('[data-testid=going]').exists()).toBe(false)
})

test('a finished evaluation shows its number with its standard error, and its examples at a press', async () => {
  const screen = await asked()
  fake.evaluation.finish(useEvaluationsStore().evaluations[0]!.id, 15)
  await drawn()
  expect(cell(screen).get('button').text()).toMatch(/^0?\.?75.*± .*20 items$/)
  await cell(screen).get('button').trigger('click')
  await drawn()
  expect(lastAsked(fake, 'readSamples')?.[0]).toBe(useEvaluationsStore().evaluations[0]!.id)
  expect(screen.text()).toContain('context 0')
})

test('an evaluation that failed says so and can be tried again', async () => {
  const screen = await asked()
  await told({ state: 'failed', message: 'The weights are broken.', code: 'bad-input' })
  expect(screen.text()).toContain('1 evaluation failed')
  expect(cell(screen).attributes('data-state')).toBe('failed')
  expect(cell(screen).get('button').attributes('title')).toContain('The weights are broken.')
})

test('when the evaluations cannot be read the screen says why, and tries again at a press', async () => {
  await trained()
  fake.refuse('listEvaluations', new Fault('failed', 'The database is locked.'))
  const screen = await showScreen(EvaluationView)
  expect(screen.view.get('[role=alert]').text()).toContain('The database is locked.')
  await screen.press('Try again')
  expect(screen.view.find('[role=alert]').exists()).toBe(false)
  expect(screen.text()).toContain('Results')
})

test('a result of before a metric was there says so, and is evaluated again at a press', async () => {
  const screen = await asked()
  fake.evaluation.finish(useEvaluationsStore().evaluations[0]!.id, 15)
  await drawn()
  await screen.press('bits per byte')
  expect(cell(screen).text()).toContain('not scored')
  expect(cell(screen).get('.pick').attributes('title')).toContain('without bits per byte of the answer')
  await cell(screen).get('[data-testid=cell-again]').trigger('click')
  await drawn()
  expect(lastAsked(fake, 'startEvaluations')).toBeDefined()
  expect(cell(screen).attributes('data-state')).toBe('queued')
})

test('a task of one’s own is added from a file, says what is wrong with it, and is let go', async () => {
  await trained()
  const screen = await showScreen(EvaluationView)
  const store = useEvaluationsStore()
  await store.addOwnPath('/wrong.json')
  await drawn()
  expect(screen.view.get('[data-testid=own-task-problem]').text()).toContain('kind must be "choices" or "text"')
  await store.addOwnPath('/capitals.json')
  await drawn()
  expect(screen.view.find('[data-testid=own-task-problem]').exists()).toBe(false)
  const line = screen.view.get('[data-testid="task-capitals.0a1b2c3d"]')
  expect(line.text()).toContain('Capitals')
  expect(line.text()).toContain('3 rows · /capitals.json')
  await line.get('[data-testid=task-remove]').trigger('click')
  await drawn()
  expect(screen.view.find('[data-testid="task-capitals.0a1b2c3d"]').exists()).toBe(false)
})
