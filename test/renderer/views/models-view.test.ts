// @vitest-environment happy-dom
// The screen of checkpoints and models: empty, while a model is imported, when that failed, and with one chosen.
import { beforeEach, expect, test } from 'vitest'
import { useModelsStore } from '#renderer/stores/models.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useTraining } from '#renderer/stores/training.ts'
import ModelsView from '#renderer/views/models/ModelsView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen, type Screen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})
const row = (screen: Screen) => screen.view.get('[data-testid=model-row]')

/** A model that is being imported, with these changes. */
async function imported(changes: object): Promise<Screen> {
  const model = await useModelsStore().importModel({ kind: 'hub', repo: 'gpt2', revision: 'main' }, 'GPT-2')
  const screen = await showScreen(ModelsView)
  fake.tell('model', { ...model, ...changes })
  await drawn()
  return screen
}

test('without weights the screen says where they come from', async () => {
  const screen = await showScreen(ModelsView)
  expect(screen.text()).toContain('Nothing here yet')
  await screen.press('Shape a family')
  expect(useShellStore().view).toBe('family')
})

test('without weights a model can be imported', async () => {
  const screen = await showScreen(ModelsView)
  await screen.press('Import a model')
  expect(useModelsStore().isImporting).toBe(true)
  expect(document.querySelector('[role=dialog]')?.textContent).toContain('Import')
})

test('an import under way shows how much is fetched and can be cancelled', async () => {
  const screen = await imported({
    state: 'running',
    progress: { phase: 'fetching', doneBytes: 25e6, totalBytes: 100e6 },
  })
  expect(row(screen).text().replace(/\s/g, ' ')).toContain('Fetching, 25.0 MB of 100 MB')
  expect(row(screen).get('[role=progressbar]').attributes('aria-valuenow')).toBe('25')
  expect(row(screen).get('.pick').attributes('disabled')).toBeDefined()
  await screen.press('Cancel the import of GPT-2')
  expect(lastAsked(fake, 'cancelModel')).toHaveLength(1)
})

test('an import that failed says why and is tried again at a press', async () => {
  const screen = await imported({ state: 'failed', message: 'The hub has no such model.' })
  expect(row(screen).text()).toContain('The hub has no such model.')
  await screen.press('Import GPT-2 again')
  expect(lastAsked(fake, 'importModel')).toEqual([{ kind: 'hub', repo: 'gpt2', revision: 'main' }, 'GPT-2'])
  expect(row(screen).attributes('data-state')).toBe('finished')
})

test('a checkpoint is listed with its step and loss, is chosen, and can be exported', async () => {
  await useTraining().trainLadder()
  const [run] = [...fake.runs.values()]
  fake.train(run!.id, run!.steps)
  const screen = await showScreen(ModelsView)
  expect(screen.view.get('[data-testid=checkpoint-row]').text()).toContain(run!.steps.toLocaleString('en-US'))
  expect(screen.view.get('[data-testid=models-chosen]').text()).toBe(run!.name)
  await screen.press('Export')
  expect(document.querySelector('[role=dialog]')?.textContent).toContain('Export')
})

test('deleting a model asks first', async () => {
  const screen = await imported({})
  await screen.press('Delete GPT-2')
  expect(lastAsked(fake, 'deleteModel')).toBeUndefined()
  useShellStore().question!.run()
  await drawn()
  expect(lastAsked(fake, 'deleteModel')).toHaveLength(1)
  expect(screen.view.find('[data-testid=model-row]').exists()).toBe(false)
})
