import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'

interface Thing {
  id: string
  name: string
}

const schema = {
  applicationId: 7,
  migrations: [
    `CREATE TABLE things (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
     record TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0)`,
  ],
}

let home: string
let db: Database
let isFull: boolean
let table: RecordTable<Thing>
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  home = mkdtempSync(join(tmpdir(), 'isoflop-table-'))
  db = openDatabase(join(home, 'things.db'), schema)
  isFull = false
  table = open()
})
afterEach(() => {
  vi.useRealTimers()
  db.close()
  rmSync(home, { recursive: true, force: true })
})

const open = () =>
  createRecordTable<Thing>({
    db: {
      ...db,
      transaction: (work, how) => {
        if (isFull) throw new Fault('disk-full', 'The disk is full.')
        return db.transaction(work, how)
      },
    },
    table: 'things',
    noun: 'thing',
    idOf: ({ id }) => id,
    columns: ({ name }) => ({ kind: name[0] }),
    order: 'number',
    upgrade: ({ id, name }) => ({ id, name: name.replace('old ', '') }),
  })
const onDisk = () => open().list()

it('keeps each record whole, in the order in which they were made', () => {
  table.write({ id: 'b', name: 'bee' })
  table.write({ id: 'a', name: 'ant' })
  table.write({ id: 'b', name: 'beetle' })
  expect(table.list()).toEqual([
    { id: 'b', name: 'beetle' },
    { id: 'a', name: 'ant' },
  ])
  expect(db.all('SELECT id, kind FROM things ORDER BY number')).toEqual([
    { id: 'b', kind: 'b' },
    { id: 'a', kind: 'a' },
  ])
  expect(table.read('a')).toEqual({ id: 'a', name: 'ant' })
  expect(() => table.read('c')).toThrow('This thing is not here any more.')
})

it('reads what an older lab wrote as it would be written now', () => {
  table.write({ id: 'a', name: 'old ant' })
  expect(table.read('a')).toEqual({ id: 'a', name: 'ant' })
})

it('brings back what was deleted, until it is forgotten', () => {
  table.write({ id: 'a', name: 'ant' })
  table.setDeleted('a', 7)
  expect(table.list()).toEqual([])
  expect(table.listDeleted()).toEqual([{ record: { id: 'a', name: 'ant' }, deletedMs: 7 }])
  expect(() => table.setDeleted('a', 8)).toThrow('is not here any more')
  table.setDeleted('a', null)
  expect(table.list()).toHaveLength(1)
  expect(() => table.setDeleted('a', null)).toThrow('is not among what was deleted lately')
  table.forget('a')
  expect(db.all('SELECT id FROM things')).toEqual([])
})

it('shows what the store did not take, and writes it when the store takes it again', () => {
  table.write({ id: 'a', name: 'ant' })
  isFull = true
  expect(() => table.write({ id: 'a', name: 'refused' })).toThrow('The disk is full.')
  expect(table.read('a').name).toBe('ant')
  table.keep({ id: 'a', name: 'aphid' })
  table.keep({ id: 'a', name: 'adder' })
  expect([table.read('a').name, table.list()[0].name, onDisk()[0].name]).toEqual(['adder', 'adder', 'ant'])
  vi.advanceTimersByTime(5000)
  expect(onDisk()[0].name).toBe('ant')
  isFull = false
  vi.advanceTimersByTime(1000)
  expect([table.read('a').name, onDisk()[0].name]).toEqual(['adder', 'adder'])
})

it('writes what it kept when it is closed, or goes without a word where it cannot', () => {
  table.write({ id: 'a', name: 'ant' })
  isFull = true
  table.keep({ id: 'a', name: 'adder' })
  table.close()
  expect(onDisk()[0].name).toBe('ant')
  isFull = false
  table.close()
  expect(onDisk()[0].name).toBe('adder')
})

it('what was written later is not overwritten by what was kept before', () => {
  table.write({ id: 'a', name: 'ant' })
  isFull = true
  table.keep({ id: 'a', name: 'adder' })
  isFull = false
  table.write({ id: 'a', name: 'asp' })
  vi.advanceTimersByTime(5000)
  expect([table.read('a').name, onDisk()[0].name]).toEqual(['asp', 'asp'])
})
