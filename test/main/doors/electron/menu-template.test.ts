import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { expect, it, vi } from 'vitest'
import { menuTemplate } from '#main/doors/electron/menu-template.ts'

const run = vi.fn()
const template = (isMac = false) => menuTemplate({ isMac, isDevelopment: false, run, openHome: () => undefined })
const flat = (items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
  items.flatMap((one) => [one, ...(Array.isArray(one.submenu) ? flat(one.submenu) : [])])

it('has File, Edit, View and Help as people expect them', () => {
  expect(template().map(({ label, role }) => label ?? role)).toEqual(['&File', '&Edit', '&View', 'windowMenu', 'help'])
  expect(template(true)[0].role).toBe('appMenu')
  const roles = flat(template()).map(({ role }) => role)
  for (const role of ['undo', 'redo', 'cut', 'copy', 'paste', 'zoomIn', 'togglefullscreen', 'about', 'quit'])
    expect(roles).toContain(role)
  expect(roles).not.toContain('toggleDevTools')
})

it('asks the window for commands that it has', () => {
  const source = readFileSync(join(__dirname, '../../../../src/renderer/src/stores/commands.ts'), 'utf8')
  const ids = flat(template()).flatMap(({ id }) => (id ? [id] : []))
  expect(ids.length).toBeGreaterThan(15)
  for (const id of ids) {
    if (id === 'palette') continue
    const [kind] = /^(go|theme) /.exec(id) ?? [null]
    expect(source).toContain(kind === null ? `id: '${id}'` : `id: \`${kind}\${`)
  }
})

it('runs a command by its id, and leaves to the window the keys that it hears itself', () => {
  const items = flat(template())
  const item = (id: string) => items.find((one) => one.id === id)!
  item('new').click!({} as never, undefined, {} as never)
  expect(run).toHaveBeenLastCalledWith('new')
  expect(item('palette').registerAccelerator).toBe(false)
  expect(item('go law').accelerator).toBe('CmdOrCtrl+4')
})
