// @vitest-environment happy-dom
// Where runs run, in Training: a cluster is added and tried, what would be sent is read first, and a run there says
// what it waits for.
import { beforeEach, expect, test, vi } from 'vitest'
import { notHeardOf, type SlurmCluster } from '#shared/place.ts'
import { usePlacesStore } from '#renderer/stores/places.ts'
import { useTraining } from '#renderer/stores/training.ts'
import AddCluster from '#renderer/views/training/places/AddCluster.vue'
import { placeWords } from '#renderer/views/training/places/place-words.ts'
import SendArray from '#renderer/views/training/places/SendArray.vue'
import TrainingView from '#renderer/views/training/TrainingView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

vi.mock('@tanstack/vue-virtual', async () => (await import('../support/all-rows.ts')).allRows)

const cluster: SlurmCluster = {
  ...{ name: 'far', ssh: 'far', folder: 'isoflop', engine: 'native', cpus: 4, partition: null, account: null },
  ...{ qos: null, time: null, gres: null, memory: null, constraint: null, prelude: null, command: null },
}
let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
})
const found = (id: string): HTMLElement => document.querySelector<HTMLElement>(`[data-testid=${id}]`)!
async function type(id: string, text: string) {
  const field = found(id) as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input'))
  await drawn()
}

/** A number, as it is typed and left. */
async function enter(id: string, text: string) {
  const field = found(id).matches('input') ? found(id) : found(id).querySelector('input')!
  ;(field as HTMLInputElement).value = text
  for (const event of ['input', 'change', 'blur']) field.dispatchEvent(new Event(event))
  await drawn()
}

test('a cluster is added in a dialog, and each line of its check says what was found or what to do', async () => {
  await showScreen(AddCluster)
  usePlacesStore().isAdding = true
  await drawn()
  await type('cluster-name', 'far')
  await type('cluster-ssh', 'far')
  await type('cluster-time', '8:00:00')
  await type('cluster-python', ' /home/me/env/bin/python ')
  found('cluster-add').closest('[role=dialog]')!.querySelector('form')!.dispatchEvent(new Event('submit'))
  await drawn()
  expect(lastAsked(fake, 'saveSlurmCluster')).toEqual([
    { ...cluster, time: '8:00:00', python: '/home/me/env/bin/python' },
  ])
  await vi.waitFor(() => expect(found('cluster-check').textContent).toContain('no compiler'))
  const states = [...found('cluster-check').querySelectorAll('li')].map((line) => line.dataset['state'])
  expect(states).toEqual(['good', 'bad'])
  expect(found('cluster-ready')).toBeNull() // something is wrong
  expect(usePlacesStore().chosen?.name).toBe('far')
})

test('a cluster that is known can be changed, tried again and removed; what the dialog does not ask for stays', async () => {
  const known = { ...cluster, qos: 'long', constraint: 'epyc', command: '/sw/isoflop', card: 'h100' }
  await showScreen(AddCluster)
  const places = usePlacesStore()
  await places.add(known)
  places.changing = places.chosen
  places.isAdding = true
  await drawn()
  expect((found('cluster-name') as HTMLInputElement).disabled).toBe(true)
  expect((found('cluster-constraint') as HTMLInputElement).value).toBe('epyc')
  await type('cluster-time', '2-00')
  found('cluster-add').closest('[role=dialog]')!.querySelector('form')!.dispatchEvent(new Event('submit'))
  await drawn()
  expect(lastAsked(fake, 'saveSlurmCluster')).toEqual([{ ...known, time: '2-00' }])
  places.isAdding = false
  await drawn()
  places.isAdding = true
  await drawn()
  found('cluster-remove').click()
  await drawn()
  expect(lastAsked(fake, 'deleteSlurmCluster')).toEqual(['far'])
  expect([places.clusters, places.chosen, places.isAdding]).toEqual([[], null, false])
})

test('what is no cluster is said in the dialog, and keeps what was typed', async () => {
  await showScreen(AddCluster)
  usePlacesStore().isAdding = true
  await drawn()
  await type('cluster-name', 'far')
  await type('cluster-partition', 'a b')
  found('cluster-add').closest('[role=dialog]')!.querySelector('form')!.dispatchEvent(new Event('submit'))
  await drawn()
  expect(document.body.textContent).toContain('sbatch takes no blanks there')
  expect((found('cluster-name') as HTMLInputElement).value).toBe('far')
})

test('the script is shown before anything is sent, and sent as it was shown', async () => {
  await showScreen(SendArray)
  const places = usePlacesStore()
  await places.add(cluster)
  await useTraining().trainLadder()
  await vi.waitFor(() => expect(found('script').textContent).toContain('#SBATCH --array=0-'))
  expect(lastAsked(fake, 'startRuns')).toBeUndefined()
  await places.offer(places.sending!, { atOnce: 2 })
  await drawn()
  expect(found('script').textContent).toContain('%2')
  found('send-array').click()
  await drawn()
  expect(lastAsked(fake, 'startRuns')![2]).toEqual({ on: 'far', atOnce: 2 })
  expect([...fake.runs.values()][0].place?.name).toBe('far')
})

test('several GPUs train one run together where they are asked for, with the time predicted before it is sent', async () => {
  await showScreen(SendArray)
  const places = usePlacesStore()
  await places.add({ ...cluster, card: 'h100', python: '/home/me/env/bin/python' })
  await useTraining().trainLadder()
  await vi.waitFor(() => expect(found('script').textContent).toContain('#SBATCH'))
  expect(found('predictions')).toBeNull()
  await enter('send-processes', '16')
  const torch = { processes: 16, perNode: 8, device: 'cuda' }
  await vi.waitFor(() => expect(lastAsked(fake, 'previewSubmission')![2]).toEqual({ on: 'far', torch }))
  await vi.waitFor(() => expect(found('predictions').textContent).toMatch(/2\sh\s14\smin6/))
  found('send-array').click()
  await drawn()
  expect(lastAsked(fake, 'startRuns')![2]).toEqual({ on: 'far', torch })
})

test('a run on a cluster says where it is and what it waits for', async () => {
  await useTraining().trainLadder()
  const screen = await showScreen(TrainingView)
  const run = [...fake.runs.values()][0]!
  const place = { name: 'far', ...notHeardOf, job: '41_0', heardMs: Date.now() }
  fake.tell('run', { ...run, state: 'queued', place, message: 'Waiting in the queue: no node is free (Resources).' })
  await drawn()
  expect(screen.view.get('[data-testid=run-place]').text()).toBe('Waiting in the queue: no node is free (Resources).')
  expect(screen.text()).toContain('far')
})

test('the age of what was heard grows while nothing is heard', async () => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'setInterval', 'clearInterval'] })
  try {
    await useTraining().trainLadder()
    const screen = await showScreen(TrainingView)
    const run = [...fake.runs.values()][0]!
    const place = { name: 'far', ...notHeardOf, job: '41_0', heardMs: Date.now() }
    fake.tell('run', { ...run, state: 'queued', place, message: 'far could not be reached.' })
    await drawn()
    expect(screen.view.get('[data-testid=run-place]').text()).toBe('far could not be reached.')
    await vi.advanceTimersByTimeAsync(5 * 60_000)
    await drawn()
    expect(screen.view.get('[data-testid=run-place]').text()).toMatch(
      /^far could not be reached\. Last heard 5\smin ago\.$/,
    )
  } finally {
    vi.useRealTimers()
  }
})

test('what was heard long ago is shown with its age, and an expected start while it is to come', () => {
  const place = { name: 'far', ...notHeardOf, heardMs: 0, startsMs: 10 * 3_600_000 }
  const words = placeWords({ place, message: 'far could not be reached.' }, 2 * 3_600_000)
  expect(words).toMatch(/^far could not be reached\. Expected to begin .+\. Last heard 2\sh.* ago\.$/)
  expect(placeWords({ place: { ...place, startsMs: 5 }, message: null }, 60_000)).toBeNull()
  expect(placeWords({ message: 'x' }, 0)).toBeNull()
})
