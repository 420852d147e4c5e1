// @vitest-environment happy-dom
// What floats above the views: a dialog, the question before something is deleted, and the command palette.
import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import AppDialog from '#renderer/components/AppDialog.vue'
import AskDialog from '#renderer/components/AskDialog.vue'
import CommandPalette from '#renderer/components/CommandPalette.vue'

let opened: VueWrapper<any> | null = null
afterEach(() => {
  opened?.unmount()
  opened = null
})

async function open(component: object, props: object, slots: Record<string, string> = {}) {
  opened = mount(component, { props, slots, attachTo: document.body })
  await nextTick()
  await nextTick()
  return opened
}
const inPage = <T extends HTMLElement = HTMLElement>(selector: string) => document.querySelector<T>(selector)
const press = (key: string, on: Element = document.activeElement ?? document.body) =>
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))

test('a dialog shows its title, its text, what it asks and its buttons, and can be closed', async () => {
  const dialog = await open(
    AppDialog,
    { modelValue: true, title: 'Export', text: 'Into a folder.', width: 500 },
    { default: '<p class="asked">Which?</p>', actions: '<button class="go">Export</button>' },
  )
  expect(inPage('[role=dialog]')!.textContent).toContain('Export')
  expect(inPage('[role=dialog]')!.textContent).toContain('Into a folder.')
  expect(inPage('[role=dialog]')!.style.width).toBe('500px')
  expect(inPage('.asked')).not.toBeNull()
  expect(inPage('footer .go')).not.toBeNull()
  inPage('[aria-label=Close]')!.click()
  expect(dialog.emitted('update:modelValue')).toEqual([[false]])
})

test('a dialog without text still describes itself, and without buttons has no foot', async () => {
  await open(AppDialog, { modelValue: true, title: 'Export' })
  const dialog = inPage('[role=dialog]')!
  expect(document.getElementById(dialog.getAttribute('aria-describedby')!)!.textContent).toBe('Export')
  expect(inPage('footer')).toBeNull()
})

test('a closed dialog is not in the page', async () => {
  await open(AppDialog, { modelValue: false, title: 'Export' })
  expect(inPage('[role=dialog]')).toBeNull()
})

const question = { title: 'Delete the run?', text: 'Its curve goes too.', action: 'Delete', isDangerous: true }

test('a question says what will be done, and yes is one press', async () => {
  const asked = await open(AskDialog, { question })
  expect(inPage('[role=alertdialog]')!.textContent).toContain('Delete the run?')
  expect(inPage('[role=alertdialog]')!.textContent).toContain('Its curve goes too.')
  const yes = inPage('[data-testid=ask-yes]')!
  expect(yes.textContent!.trim()).toBe('Delete')
  expect(yes.classList.contains('solid-danger')).toBe(true)
  yes.click()
  expect(asked.emitted('yes')).toHaveLength(1)
  expect(asked.emitted('no')).toBeUndefined()
})

test('a question without danger is asked in the colour of any first button', async () => {
  await open(AskDialog, { question: { ...question, isDangerous: false } })
  expect(inPage('[data-testid=ask-yes]')!.classList.contains('primary')).toBe(true)
})

test.each([
  ['Cancel', () => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Cancel')!.click()],
  ['Escape', () => press('Escape')],
])('%s answers a question with no', async (_, cancel) => {
  const asked = await open(AskDialog, { question })
  cancel()
  await nextTick()
  expect(asked.emitted('no')).toHaveLength(1)
  expect(asked.emitted('yes')).toBeUndefined()
})

const commands = () => [
  { id: 'train', text: 'Train this ladder', group: 'Runs', run: vi.fn() },
  { id: 'pause', text: 'Pause all', group: 'Runs', keys: 'Ctrl P', run: vi.fn() },
  { id: 'dark', text: 'Dark colours', group: 'Settings', run: vi.fn() },
]
const listed = () => [...document.querySelectorAll('[role=option]')].map((one) => one.textContent)

async function search(text: string) {
  const field = inPage<HTMLInputElement>('.palette-input')!
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await nextTick()
}

test('the palette lists every command with its group and keys', async () => {
  await open(CommandPalette, { modelValue: true, commands: commands() })
  expect(listed()).toEqual(['Train this ladderRuns', 'Pause allCtrl PRuns', 'Dark coloursSettings'])
})

test('typing finds commands by all words, of name and group, in any case', async () => {
  await open(CommandPalette, { modelValue: true, commands: commands() })
  await search('runs PAUSE')
  expect(listed()).toEqual(['Pause allCtrl PRuns'])
  await search('runs dark')
  expect(listed()).toEqual([])
  expect(inPage('.palette-none')).not.toBeNull()
})

test('a chosen command runs once, after the palette has closed', async () => {
  const all = commands()
  const palette = await open(CommandPalette, { modelValue: true, commands: all })
  inPage('[role=option]')!.click()
  expect(all[0].run).toHaveBeenCalledTimes(1)
  expect(all[1].run).not.toHaveBeenCalled()
  expect(palette.emitted('update:modelValue')).toEqual([[false]])
})

test('what was typed is gone when the palette opens again', async () => {
  const palette = await open(CommandPalette, { modelValue: true, commands: commands() })
  await search('dark')
  await palette.setProps({ modelValue: false })
  await palette.setProps({ modelValue: true })
  await nextTick()
  expect(listed()).toHaveLength(3)
})
