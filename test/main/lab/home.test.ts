// The folder of a lab is its own: what else lies in a folder is neither shut off from others nor taken for the lab's.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeHome } from '#main/lab/home.ts'
import { openDatabase } from '#main/platform/disk/database.ts'

let around: string
let home: string
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'isoflop-home-'))
  home = join(around, 'home')
})
afterEach(() => rmSync(around, { recursive: true, force: true }))

function folderOf(names: readonly string[], mode: number): void {
  mkdirSync(home)
  for (const name of names) writeFileSync(join(home, name), '')
  chmodSync(home, mode)
}
const modeOf = (path: string): number => statSync(path).mode & 0o7777
const refusal = (): string => {
  try {
    takeHome(home).release()
  } catch (error) {
    return (error as Error).message.replaceAll(around, 'AROUND')
  }
  return 'taken'
}

describe.skipIf(process.platform === 'win32')('a folder that is there', () => {
  it.each([
    ['empty', [], 0o755],
    ['of a lab', ['isoflop.db', 'runs', 'notes.txt'], 0o755],
    ['of a lab whose store was moved away', ['runs', 'corpora', 'machines', 'lab.lock'], 0o755],
    ['that is the root of a disk, or has hidden files', ['lost+found', '.git'], 0o755],
    ['of a person’s own, closed to others', ['thesis.txt'], 0o700],
  ])('%s, is taken and closed', (_, names, mode) => {
    folderOf(names, mode)
    expect(refusal()).toBe('taken')
    expect(modeOf(home)).toBe(0o700)
  })

  it.each([
    ['with other things, open to others', ['thesis.txt'], 0o755],
    ['that everybody uses', ['their-file'], 0o1777],
    ['with folders called like the lab’s, whatever its mode', ['index.html', 'uploads'], 0o700],
    ['with models', ['train.py', 'models'], 0o755],
  ])('%s, is left as it is', (_, names, mode) => {
    folderOf(names, mode)
    expect(refusal()).toBe(
      `AROUND/home holds ${names[0]}, which is no part of a lab. Choose a data folder of its own, such as AROUND/home/isoflop.`,
    )
    expect(modeOf(home)).toBe(mode)
  })

  it('is no file, device or link to nowhere, and nothing of it is changed', () => {
    writeFileSync(home, '', { mode: 0o644 })
    expect(refusal()).toBe('AROUND/home is a file, not a folder.')
    expect(modeOf(home)).toBe(0o644)
    rmSync(home)
    symlinkSync('nowhere', home)
    expect(refusal()).toBe('AROUND/home is a link that leads to no folder.')
  })

  it('has no pipe for its store, and one for who holds it is not waited for', () => {
    folderOf([], 0o700)
    const store = join(home, 'isoflop.db')
    for (const path of [store, join(home, 'lab.lock.pid')]) execFileSync('mkfifo', [path])
    const lock = takeHome(home)
    expect(() => takeHome(home)).toThrow(`in process ${process.pid}`)
    lock.release()
    expect(() => openDatabase(store, { applicationId: 1, migrations: [] })).toThrow('a pipe or a device')
  })
})
