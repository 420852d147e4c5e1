// @vitest-environment happy-dom
// The Cluster screen while its catalogue is read, without one, when that failed, and with a plan that clashes.
import { beforeEach, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useClusterStore } from '#renderer/stores/cluster.ts'
import ClusterView from '#renderer/views/cluster/ClusterView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

test('the plan of a known machine is answered as soon as the catalogue is there', async () => {
  const screen = await showScreen(ClusterView)
  expect(screen.view.get('[data-testid=cluster-answer]').text()).toMatch(/tokens\/s|step/i)
  expect(screen.view.find('[role=alert]').exists()).toBe(false)
})

test('until the catalogue is there a skeleton holds its place', async () => {
  const { request } = fake
  let answer = (): void => undefined
  fake.request = (async (name: never, ...args: never[]) => {
    if (name === 'clusterCatalogue') await new Promise<void>((resolve) => (answer = resolve))
    return (request as (...given: unknown[]) => unknown)(name, ...args)
  }) as never
  const screen = await showScreen(ClusterView)
  expect(screen.view.find('[data-testid=cluster-answer]').exists()).toBe(false)
  expect(screen.view.findComponent({ name: 'LoadingSkeleton' }).exists()).toBe(true)
  answer()
  await drawn()
  expect(screen.view.find('[data-testid=cluster-answer]').exists()).toBe(true)
})

test('an empty catalogue is said to be empty', async () => {
  await useClusterStore().load()
  useClusterStore().catalogue = { machines: [], models: [], problems: [] }
  const screen = await showScreen(ClusterView)
  expect(screen.text()).toContain('No machine is known')
})

test('a catalogue that cannot be read says why, and is read again at a press', async () => {
  fake.refuse('clusterCatalogue', new Fault('failed', 'The folder of machines cannot be read.'))
  const screen = await showScreen(ClusterView)
  expect(screen.view.get('[role=alert]').text()).toContain('The folder of machines cannot be read.')
  await screen.press('Try again')
  expect(screen.view.find('[role=alert]').exists()).toBe(false)
  expect(screen.view.find('[data-testid=cluster-answer]').exists()).toBe(true)
})

test('a machine file that is left out is named with its reason', async () => {
  await useClusterStore().load()
  const catalogue = useClusterStore().catalogue!
  useClusterStore().catalogue = { ...catalogue, problems: [{ file: 'mine.json', message: 'It has no memory.' }] }
  const screen = await showScreen(ClusterView)
  expect(screen.view.get('[role=alert]').text()).toBe('mine.json is left out: It has no memory.')
})

test('a plan whose numbers clash is answered by the sentence that says which', async () => {
  const screen = await showScreen(ClusterView)
  useClusterStore().choices.gpu.tensor = 7
  await drawn()
  expect(screen.view.get('[data-testid=cluster-problem]').text()).toMatch(/7/)
})

test('a search of plans is asked for, shows how far it is, and says why it failed', async () => {
  const screen = await showScreen(ClusterView)
  await screen.press('Search')
  await screen.press('Search every plan')
  expect(lastAsked(fake, 'searchPlans')).toBeDefined()
  const search = useClusterStore().search!
  fake.tell('planSearch', { ...search, share: 0.5, evaluated: 1000 })
  await drawn()
  expect(screen.view.get('[role=progressbar]').attributes('aria-valuenow')).toBe('50')
  fake.tell('planSearch', { ...search, state: 'failed', message: 'No plan fits.' })
  await drawn()
  expect(screen.view.get('[role=alert]').text()).toContain('No plan fits.')
})
