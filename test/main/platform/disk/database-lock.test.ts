import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { takeLock } from '#main/platform/disk/database-lock.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-lock-'))
  path = join(folder, 'lab.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Another process that takes the lock the same way and sits on it. */
const holder = `
  const Database = require(${JSON.stringify(resolve('node_modules/libsql'))})
  const db = new Database(process.argv[1], { timeout: 0 })
  db.exec('PRAGMA journal_mode = MEMORY'); db.exec('BEGIN EXCLUSIVE')
  require('fs').writeFileSync(process.argv[1] + '.pid', process.pid + '\\n')
  console.log('held'); setInterval(() => db, 1000)`

describe('a lock', () => {
  it('is had by one at a time, who is named to the other', () => {
    const first = takeLock(path)
    expect(takeLock(path)).toEqual({ heldBy: process.pid })
    if ('lock' in first) first.lock.release()
    const second = takeLock(path)
    expect('lock' in second).toBe(true)
    if ('lock' in second) second.lock.release()
  })

  it('is had where the file that names its holder cannot be written', () => {
    mkdirSync(`${path}.pid`)
    const taken = takeLock(path)
    expect(takeLock(path)).toEqual({ heldBy: null })
    if ('lock' in taken) taken.lock.release()
    expect('lock' in takeLock(path)).toBe(true)
  })

  it('says in a sentence that a folder cannot be written', () => {
    writeFileSync(path, 'no folder')
    expect(() => takeLock(join(path, 'lab.lock'))).toThrow(Fault)
    mkdirSync(join(folder, 'a folder'))
    expect(() => takeLock(join(folder, 'a folder'))).toThrow(/cannot be written by this user/)
  })

  it('is given back by the system when its holder is killed', async () => {
    const child = spawn(process.execPath, ['-e', holder, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout!, 'data')
    expect(takeLock(path)).toEqual({ heldBy: child.pid })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const taken = takeLock(path)
    expect('lock' in taken).toBe(true)
    if ('lock' in taken) taken.lock.release()
  })
})
