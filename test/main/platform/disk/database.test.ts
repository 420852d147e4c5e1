import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, type Schema } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-db-'))
  path = join(folder, 'isoflop.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const one: Schema = {
  applicationId: 0x49736f46,
  migrations: ['CREATE TABLE things (name TEXT PRIMARY KEY, size REAL)'],
}
const two: Schema = {
  ...one,
  migrations: [...one.migrations, "ALTER TABLE things ADD COLUMN colour TEXT DEFAULT 'grey'"],
}

/** A file as a crash or a stranger left it must be the same afterwards, byte for byte. */
function refused(schema: Schema): { message: string; code: string } {
  const before = readFileSync(path)
  let failure: unknown = null
  try {
    openDatabase(path, schema).close()
  } catch (error) {
    failure = error
  }
  expect(failure, 'the file was opened').not.toBeNull()
  expect(readFileSync(path).equals(before), 'the file was changed').toBe(true)
  return failure as { message: string; code: string }
}

describe('the store', () => {
  it('keeps what was written, numbers to the last bit', () => {
    const db = openDatabase(path, one)
    db.run('INSERT INTO things VALUES (?, ?)', 'third', 1 / 3)
    db.close()
    const again = openDatabase(path, one)
    expect(again.get('SELECT * FROM things')).toEqual({ name: 'third', size: 1 / 3 })
    expect(again.get('SELECT * FROM things WHERE name = ?', 'none')).toBeUndefined()
    again.close()
  })

  it('takes a transaction whole or not at all', () => {
    const db = openDatabase(path, one)
    for (const how of ['durable', 'relaxed'] as const) {
      expect(() =>
        db.transaction(() => {
          db.run('INSERT INTO things VALUES (?, 1)', 'a')
          throw new Error('half way')
        }, how),
      ).toThrow('half way')
      expect(db.all('SELECT * FROM things')).toEqual([])
    }
    expect(db.get('PRAGMA synchronous')).toEqual({ synchronous: 2 })
    db.close()
  })

  it('brings an older file to the present version and keeps its rows', () => {
    const old = openDatabase(path, one)
    old.run('INSERT INTO things VALUES (?, 2)', 'stone')
    old.close()
    const db = openDatabase(path, two)
    expect(db.all('SELECT * FROM things')).toEqual([{ name: 'stone', size: 2, colour: 'grey' }])
    expect(db.get('PRAGMA user_version')).toEqual({ user_version: 2 })
    db.close()
  })

  it('leaves a file as it was when a migration fails', () => {
    openDatabase(path, one).close()
    expect(() =>
      openDatabase(path, {
        ...one,
        migrations: [...one.migrations, 'CREATE TABLE more (x); SELECT nonsense FROM nowhere'],
      }),
    ).toThrow()
    const db = openDatabase(path, one)
    expect(db.get('PRAGMA user_version')).toEqual({ user_version: 1 })
    expect(db.all('SELECT name FROM sqlite_master WHERE name = ?', 'more')).toEqual([])
    db.close()
  })

  it('refuses a file of a newer version with a sentence', () => {
    openDatabase(path, two).close()
    expect(refused(one)).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/newer Isoflop.*format 2.*knows 1/),
    })
  })

  it('refuses a file that is no database', () => {
    writeFileSync(path, 'Dear diary, '.repeat(100))
    expect(refused(one)).toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('is not a database of Isoflop'),
    })
  })

  it('makes one where the first making was broken off before anything was in it', () => {
    const blank = new Libsql(path)
    blank.exec('PRAGMA journal_mode = WAL; CREATE TABLE gone (one); DROP TABLE gone')
    blank.close()
    openDatabase(path, labSchema).close()
    openDatabase(path, labSchema).close()
  })

  it('refuses one that was cut to nothing beside what it knew, and begins anew once it is moved away', () => {
    mkdirSync(join(path, '..', 'runs', 'one'), { recursive: true })
    writeFileSync(path, '')
    writeFileSync(`${path}-wal`, '') // an ended session leaves one
    expect(refused(labSchema)).toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(/is empty.*runs.*backup/) as string,
    })
    expect(statSync(path).size).toBe(0)
    for (const name of [path, `${path}-wal`]) rmSync(name)
    openDatabase(path, labSchema).close()
  })

  it('refuses a folder in its place by its name', () => {
    mkdirSync(path)
    expect(() => openDatabase(path, one)).toThrow(`Could not read ${path}: it is a folder, not a file.`)
  })

  it('refuses a database of another program', () => {
    const other = new Libsql(path)
    other.exec('CREATE TABLE bookmarks (url TEXT)')
    other.close()
    expect(refused(one)).toMatchObject({ code: 'damaged', message: expect.stringContaining('another program') })
  })

  it('on a disk with room for nothing is not called damaged', (context) => {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20k', 'none', folder]).status !== 0)
      return context.skip('only root may mount')
    try {
      for (let time = 0; time < 3; time++)
        expect(() => openDatabase(path, one)).toThrow('The disk is full. Make room and try again')
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  })

  it('refuses a file that was cut short', () => {
    const db = openDatabase(path, one)
    db.transaction(() => {
      for (let i = 0; i < 2000; i++) db.run('INSERT INTO things VALUES (?, ?)', `thing ${i}`, i)
    })
    db.close()
    truncateSync(path, Math.floor(statSync(path).size / 2))
    expect(refused(one)).toMatchObject({ code: 'damaged', message: expect.stringContaining('is damaged') })
  })

  it('refuses a file with a page of rubbish in it', () => {
    const db = openDatabase(path, one)
    db.transaction(() => {
      for (let i = 0; i < 2000; i++) db.run('INSERT INTO things VALUES (?, ?)', `thing ${i}`, i)
    })
    db.close()
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, 4096)
    closeSync(file)
    expect(refused(one)).toMatchObject({ code: 'damaged', message: expect.stringContaining('is damaged') })
  })

  it('makes every table of the lab', () => {
    const db = openDatabase(path, labSchema)
    const tables = db
      .all<{ name: string }>('SELECT name FROM sqlite_master WHERE type = ? ORDER BY name', 'table')
      .map(({ name }) => name)
    expect(tables).toEqual(
      expect.arrayContaining([
        'corpora',
        'runs',
        'samples',
        'settings',
        'steps',
        'studies',
        'tokenized',
        'validations',
      ]),
    )
    db.close()
  })
})
