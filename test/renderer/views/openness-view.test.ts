// @vitest-environment happy-dom
// The page of openness: the open study above the published models, sources on a press, a row of one's own.
import { beforeEach, expect, test } from 'vitest'
import { publishedOpenness } from '#shared/openness/published.ts'
import OpennessView from '#renderer/views/openness/OpennessView.vue'
import { drawn, openStudy, showScreen } from '../support/screen.ts'

beforeEach(async () => {
  localStorage.clear()
  await openStudy()
})

test('the study stands first, every model after it, and a press shows the sources of its cells', async () => {
  const screen = await showScreen(OpennessView)
  const rows = screen.view.findAll('[data-testid="openness-row"]').map((row) => row.text())
  expect(rows).toEqual(['A study', ...publishedOpenness.map(({ name }) => name)])
  await screen.press('Pythia')
  const sources = screen.view.get('[data-testid="openness-sources"]').text()
  expect(sources).toContain('154 for every model')
  expect(sources).toContain('arXiv 2304.01373')
  await screen.press('Compute-optimal')
  expect(screen.view.findAll('[data-testid="openness-row"]').map((row) => row.text())).toEqual([
    'A study',
    'Cerebras-GPT',
    'Chinchilla',
  ])
})

test("a model of one's own is added from a copy, refused with a sentence where a source lacks, and deleted", async () => {
  const screen = await showScreen(OpennessView)
  await screen.press('GPT-J')
  await screen.press('Add a model')
  const field = document.querySelector<HTMLTextAreaElement>('[data-testid="openness-json"]')!
  const write = async (row: object) => {
    field.value = JSON.stringify(row)
    field.dispatchEvent(new Event('input'))
    document.querySelector<HTMLButtonElement>('[data-testid="save-openness"]')!.click()
    await drawn()
  }
  const row = JSON.parse(field.value)
  expect(row.id).toBe('my-gpt-j')
  await write({ ...row, cells: { data: { answer: 'yes', note: 'all', source: '' } } })
  expect(document.querySelector('[data-testid="openness-problem"]')!.textContent).toContain('needs a source')
  await write(row)
  expect(screen.text()).toContain('My GPT-J')
  await screen.press('Delete My GPT-J')
  expect(screen.text()).not.toContain('My GPT-J')
})
