// The data folder is for its owner alone.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makePrivateFolder } from '#main/platform/disk/private-folder.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-private-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

it.skipIf(process.platform === 'win32')('a new one, and one that an older lab left open, are closed to others', () => {
  const folders = [join(home, 'a', 'new'), join(home, 'old')]
  mkdirSync(folders[1])
  chmodSync(folders[1], 0o755)
  for (const folder of folders) {
    makePrivateFolder(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  }
})

it('where none can be made, a sentence names it', () => {
  expect(() => makePrivateFolder('/proc/nothing/here')).toThrow(/Could not write \/proc\/nothing\/here/)
})
