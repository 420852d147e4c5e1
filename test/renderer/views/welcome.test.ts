// @vitest-environment happy-dom
// The first minute: three ways in, and the rooms that need no study.
import { beforeEach, expect, test } from 'vitest'
import { useCommands } from '#renderer/stores/commands.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import SideRail from '#renderer/views/shell/SideRail.vue'
import WelcomeView from '#renderer/views/shell/WelcomeView.vue'
import { drawn, openLab, showScreen } from '../support/screen.ts'

beforeEach(async () => {
  localStorage.clear()
  await openLab()
})

test('without a study the rooms of the lab itself are open, and the others say what they wait for', async () => {
  const rail = await showScreen(SideRail)
  const rooms = () => rail.view.findAll<HTMLButtonElement>('button[data-testid^=nav-]').map(({ element }) => element)
  const open = () => rooms().filter((one) => !one.disabled)
  expect(open().map((one) => one.textContent!.trim())).toEqual(['Cluster', 'Openness', 'Settings'])
  expect(rail.button('Data').title).toContain('opens with a study')
  await useStudiesStore().create('A study')
  await drawn()
  expect(open()).toEqual(rooms())
  expect(rail.button('Data').title).not.toContain('opens with a study')
})

test('the third way in leads to the cluster, and the palette goes as far as the rail', async () => {
  const welcome = await showScreen(WelcomeView)
  const way = welcome.view.get('[data-testid=start-emulate]')
  expect(way.text()).toContain('Emulate a cluster')
  await way.trigger('click')
  expect(useShellStore().view).toBe('cluster')
  const { commands } = useCommands()
  const ids = commands.value.map(({ id }) => id)
  expect(ids).toEqual(expect.arrayContaining(['emulate', 'go cluster', 'cluster: Search every plan']))
  expect(ids).not.toContain('go family')
  expect(ids.filter((id) => id.startsWith('data:'))).toEqual([])
  commands.value.find(({ id }) => id === 'begin')!.run()
  expect(useShellStore().isWelcome).toBe(true) // and back to the ways in
})
