import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openWindowFiles } from '#main/platform/disk/window-files.ts'

it('a window that is built anew is found by its new names, and nothing outside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'window-files-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), 'one')
  writeFileSync(join(folder, 'assets/a.js'), 'a')
  const files = await openWindowFiles(folder)
  expect(String(await files.read('/'))).toBe('one')
  rmSync(join(folder, 'assets/a.js'))
  writeFileSync(join(folder, 'assets/b.js'), 'b')
  writeFileSync(join(folder, 'index.html'), 'two')
  expect(String(await files.read('/'))).toBe('two')
  expect(String(await files.read('/assets/b.js'))).toBe('b')
  expect(await files.read('/assets/a.js')).toBeNull()
  expect(await files.read('/../window-files.test.ts')).toBeNull()
  rmSync(folder, { recursive: true })
})

it('a folder without a window is refused', async () => {
  await expect(openWindowFiles(join(tmpdir(), 'there-is-no-window'))).rejects.toThrow('npm run build')
})
