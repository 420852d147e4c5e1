// What a lab's runs came to, read from its files: for holding one training against another, bit by bit.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabaseToRead, type Database } from '#main/platform/disk/database.ts'

function reading<T>(home: string, read: (db: Pick<Database, 'all'>) => T): T {
  const db = openDatabaseToRead(join(home, 'isoflop.db'), labSchema)
  try {
    return read(db)
  } finally {
    db.close()
  }
}
const rowsOf = (db: Pick<Database, 'all'>) =>
  db
    .all<{ number: number; summary: string }>('SELECT number, summary FROM runs WHERE deleted = 0')
    .map(({ number, summary }) => ({ number, run: JSON.parse(summary) as RunSummary }))

/** What its runs are at this moment, whoever has the lab open. */
export const runsOf = (home: string): RunSummary[] => reading(home, (db) => rowsOf(db).map(({ run }) => run))

/** Of its runs, which all must have finished, by name and seed: every loss, and a hash of the last weights. */
export const trainedIn = (home: string) =>
  reading(home, (db) =>
    Object.fromEntries(
      rowsOf(db).map(({ number, run }) => {
        const steps = db.all<{ step: number; loss: number; gradientNorm: number }>(
          `SELECT step, loss, gradientNorm FROM steps WHERE run = ${number} ORDER BY step`,
        )
        expect(run.state, run.message ?? '').toBe('finished')
        expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: run.steps }, (_, i) => i + 1))
        const last = join(home, 'runs', run.id, 'checkpoints', `step-${String(run.steps).padStart(6, '0')}`)
        const hash = createHash('sha256')
        for (const name of readdirSync(last)
          .filter((one) => one.endsWith('.safetensors'))
          .sort())
          hash.update(readFileSync(join(last, name)))
        return [`${run.name}, seed ${run.seed ?? 0}`, { steps, weights: hash.digest('hex') }]
      }),
    ),
  )
