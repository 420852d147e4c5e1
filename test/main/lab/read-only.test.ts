// A lab beside another process that has it, or on a disk that takes nothing: everything can be looked at, nothing is
// changed.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { labRequests } from '#shared/lab-names.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { isReading } from '#main/lab/reading-requests.ts'
import { openDatabase, openDatabaseToRead, type Schema } from '#main/platform/disk/database.ts'
import { runIn, tinyLab, tinyStudy, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
let lab: LabHost
let study: Study
let run: RunSummary
beforeEach(async () => {
  bench = tinyLab()
  lab = await bench.open()
  study = await tinyStudy(lab)
  ;[run] = await lab.startRuns(study.id, ['w8'])
  run = await runIn(lab, run.id, 'finished')
})
afterEach(() => bench.clean())

/** Every file of the lab but those of SQLite's own shared memory, with its content. */
function contents(folder = bench.home): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) return Object.entries(contents(path))
      return /-(shm|wal)$/.test(name) ? [] : [[path, readFileSync(path, 'latin1')]]
    }),
  )
}

it('is read while another process has it, and sees what that one does', async () => {
  const before = contents()
  const reader = await bench.open({ isReadOnly: true })
  expect((await reader.listRuns(null)).map(({ id, state }) => [id, state])).toEqual([[run.id, 'finished']])
  expect((await reader.listStudies()).map(({ id }) => id)).toEqual([study.id])
  expect((await reader.planStudy(study.id)).map(({ name }) => name)).toEqual(['w8'])
  await lab.createStudy('Made meanwhile')
  expect((await reader.listStudies()).map(({ name }) => name)).toContain('Made meanwhile')
  const options = { prompt: 'a', tokens: 3, temperature: 0, topK: 0, topP: 1, seed: 0 }
  const subject = { kind: 'run' as const, runId: run.id, step: null }
  expect((await reader.generate(subject, options, 'one')).tokens.length).toBeGreaterThan(0)
  await reader.export(subject, join(bench.home, '..', 'exported'), false)
  expect(existsSync(join(bench.home, '..', 'exported', 'model.safetensors'))).toBe(true)
  await reader.close()
  expect(contents()).toEqual(before)
  await lab.updateStudy(study.id, { name: 'Still mine' }) // the one that has it goes on
})

it('shows what goes on elsewhere as it is, not as interrupted', async () => {
  bench.answer = (job) =>
    job.kind === 'train'
      ? (async function* () {
          yield* []
          await new Promise((resolve) => setTimeout(resolve, 300))
          throw new Error('enough')
        })()
      : null
  const [second] = await lab.startRuns(study.id, ['w8'])
  await runIn(lab, second.id, 'running')
  const reader = await bench.open({ isReadOnly: true })
  expect((await reader.listRuns(null)).find(({ id }) => id === second.id)?.state).toBe('running')
  await reader.close()
})

it('refuses whatever would change it', async () => {
  const reader = await bench.open({ isReadOnly: true })
  for (const request of labRequests.filter((one) => !isReading(one)))
    await expect((reader[request] as () => Promise<unknown>)(), request).rejects.toMatchObject({ code: 'conflict' })
  await reader.close()
})

it('a store of an older format is not brought up by reading it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isoflop-read-'))
  const path = join(folder, 'a ? # %20.db') // as people call folders
  const schema: Schema = { applicationId: 1, migrations: ['CREATE TABLE a (b)'] }
  const db = openDatabase(path, schema)
  db.run('INSERT INTO a VALUES (1)')
  const reader = openDatabaseToRead(path, schema)
  expect(reader.all('SELECT b FROM a')).toEqual([{ b: 1 }])
  expect(() => reader.run('INSERT INTO a VALUES (2)')).toThrow(/can only be read here/)
  reader.close()
  const next = { ...schema, migrations: [...schema.migrations, 'CREATE TABLE c (d)'] }
  expect(() => openDatabaseToRead(path, next)).toThrow(/older Isoflop/)
  db.close()
  rmSync(folder, { recursive: true })
})
