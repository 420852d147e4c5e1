// @vitest-environment happy-dom
// The Family screen with its ladder, without a member to train, while runs hold it, and when training is refused.
import { beforeEach, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useDialStore } from '#renderer/stores/dial.ts'
import { useLabStore } from '#renderer/stores/lab.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { formatFlops } from '#shared/numbers.ts'
import { tunedMup } from '#shared/family/rules.ts'
import FamilyView from '#renderer/views/family/FamilyView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})
const members = () => useStudiesStore().current!.ladder.members
const train = (view: any) => view.get('[data-testid=train-ladder]')

test('every member has its row, and the button trains those that are on', async () => {
  const screen = await showScreen(FamilyView)
  expect(screen.view.findAll('tbody tr').length).toBeGreaterThanOrEqual(members().length)
  const called = screen.view
    .findAll('input[aria-label^="Name of"]')
    .map((input) => (input.element as HTMLInputElement).value)
  expect(called).toEqual(members().map(({ name }) => name))
  await train(screen.view).trigger('click')
  await drawn()
  const on = members().filter(({ isEnabled }) => isEnabled)
  expect(lastAsked(fake, 'startRuns')?.[1]).toEqual(on.map(({ id }) => id))
  expect(useShellStore().view).toBe('training')
})

test('muP is one choice with all that was tuned for it, and leaves no rate behind', async () => {
  const screen = await showScreen(FamilyView)
  const field = (label: string) => screen.view.find<HTMLInputElement>(`input[aria-label="${label}"]`)
  expect(field('muP base width').exists()).toBe(false)
  useStudiesStore().change({ recipe: { ...useStudiesStore().current!.recipe, ...tunedMup } })
  await drawn()
  expect(screen.text()).toContain('muP, tuned at width 256')
  expect(field('muP base width').element.value).toBe('256')
  expect(field('muP embedding scale').element.value).toBe('10')
  await field('Init std').setValue('0.05')
  await field('Init std').trigger('change')
  await drawn()
  expect(useStudiesStore().current!.recipe.initStd).toBe(0.05)
  expect(screen.text()).toContain('muP, own numbers')
})

test('with no member on there is nothing to train, and the button says why', async () => {
  const { current, change } = useStudiesStore()
  change({ ladder: { ...current!.ladder, members: members().map((one) => ({ ...one, isEnabled: false })) } })
  const screen = await showScreen(FamilyView)
  expect(train(screen.view).attributes('disabled')).toBeDefined()
  expect(train(screen.view).attributes('title')).toMatch(/No member is on/)
})

test('while members train the dial is locked and the button counts what is left', async () => {
  const screen = await showScreen(FamilyView)
  await train(screen.view).trigger('click')
  await drawn()
  expect(train(screen.view).attributes('title')).toMatch(/trained or under way/)
  expect(screen.view.get('[data-testid=dial-kind] button').attributes('disabled')).toBeDefined()
  const failed = [...fake.runs.values()][0]!
  fake.tell('run', { ...failed, state: 'failed', message: 'The loss became NaN.' })
  await drawn()
  expect(train(screen.view).text()).toBe('Train 1 more')
  expect(train(screen.view).attributes('disabled')).toBeUndefined()
})

test('a ladder that the lab refuses to train is told in passing, and the button can be pressed again', async () => {
  const screen = await showScreen(FamilyView)
  fake.refuse('startRuns', new Fault('disk-full', 'The disk is full.'))
  await train(screen.view).trigger('click')
  await drawn()
  expect(useNoticesStore().notices.at(-1)?.text).toBe('The disk is full.')
  expect(useShellStore().view).not.toBe('training')
  expect(train(screen.view).attributes('disabled')).toBeUndefined()
})

test('a ladder whose dial lies between two sizes says what it comes to', async () => {
  const screen = await showScreen(FamilyView)
  useDialStore().setCompute(1e14)
  await drawn()
  const { totals } = usePlanStore()
  expect(totals.flops).toBeLessThan(0.95e14)
  expect(screen.view.get('[data-testid=dial-actual]').text()).toBe(`ladder: ${formatFlops(totals.flops)}`)
  useDialStore().setCompute(totals.flops * 1.001)
  await drawn()
  expect(screen.view.find('[data-testid=dial-actual]').exists()).toBe(false)
})

test('a machine without the native engine says why times are long, with what to do', async () => {
  const screen = await showScreen(FamilyView)
  const note = () => screen.view.find('[data-testid=slow-engine]')
  expect(note().exists()).toBe(false)
  const { machine } = useLabStore()
  const description = 'The native engine was not built; install a C++ compiler.'
  const probes = machine!.probes.map((one) =>
    one.name === 'native' ? { ...one, isAvailable: false, description } : one,
  )
  fake.tell('machine', { ...machine!, engine: 'wasm', probes })
  await drawn()
  expect(note().text()).toContain(description)
  await note().get('button').trigger('click')
  expect(useShellStore().view).toBe('settings')
  fake.tell('machine', { ...machine!, engine: 'gpu', probes })
  await drawn()
  expect(note().exists()).toBe(false)
})
