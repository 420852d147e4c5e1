// Records that come in pieces cut anywhere, from a run that was started again and again, to a lab that stops at any
// moment: each step is there once.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notHeardOf } from '#shared/place.ts'
import type { RunPlan } from '#shared/run.ts'
import type { RunLine } from '#main/core/training/run-file.ts'
import { takeRecords } from '#main/lab/places/take-records.ts'
import { createRecorder } from '#main/lab/runs/recorder.ts'
import { createRunStore, type RunStore } from '#main/lab/runs/run-store.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import { runSummary } from '../../../support/run-summary.ts'

let folder: string
let db: Database
let store: RunStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-take-'))
  db = openDatabase(join(folder, 'isoflop.db'), labSchema)
  store = createRunStore(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

let count = 0
function newRun(): string {
  const id = `run-${++count}`
  const summary = runSummary({ id, place: { name: 'here', ...notHeardOf, job: '1_0' } })
  store.insert([{ summary, plan: { runId: id } as RunPlan }])
  return id
}
/** As the lab that has just been opened reads on. */
const recorderOf = (id: string) =>
  createRecorder(store.read(id).summary, 1000, store, { tell: () => undefined }, () => 0)

const started = (step: number): RunLine => ({
  ...{ kind: 'started', step, device: 'CPU ü', checkpoints: [], message: null, awaitsHost: true },
})
const step = (n: number): RunLine => ({
  kind: 'step',
  record: { step: n, tokens: 10 * n, loss: 1 / n, gradientNorm: 1, learningRate: 0.1, elapsedMs: n },
  peakBytes: 1,
})
const validation = (n: number): RunLine => ({
  kind: 'validation',
  record: { step: n, tokens: 10 * n, loss: 2 / n, elapsedMs: n },
})
const bytesOf = (lines: readonly RunLine[]): Buffer =>
  Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

/** Sessions of a run, each from a step that is recorded on; every fourth step is validated. */
const history = fc
  .array(fc.tuple(fc.nat(10), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 5 })
  .map((sessions) => {
    const lines: RunLine[] = []
    let at = 0
    for (const [back, length] of sessions) {
      at = Math.max(0, at - back)
      lines.push(started(at))
      for (let i = 0; i < length; i++) {
        lines.push(step(++at))
        if (at % 4 === 0) lines.push(validation(at), { kind: 'checkpointing', step: at, awaitsHost: true })
      }
    }
    return { lines: [...lines, { kind: 'ended', isFinished: true, step: at } as RunLine], last: at }
  })

describe('records from elsewhere', () => {
  it('are there once each, wherever the pieces are cut and whenever the lab is opened anew', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), ({ lines, last }, sizes) => {
        const id = newRun()
        const all = bytesOf(lines)
        let end = null
        for (let i = 0; i < 10_000; i++) {
          const { readBytes } = store.read(id).summary.place!
          if (readBytes === all.length) break
          // a piece that holds no whole line brings nothing: the next is longer
          const piece = all.subarray(readBytes, readBytes + sizes[i % sizes.length] + 50 * i)
          const recorder = recorderOf(id)
          const taken = takeRecords(recorder, piece)
          store.write(recorder.summary)
          end = taken.end ?? end
        }
        expect(end).toEqual({ isFinished: true })
        const { steps, validations } = store.records(id, 0)
        expect(steps.map((one) => one.step)).toEqual(Array.from({ length: last }, (_, n) => n + 1))
        expect(validations.map((one) => one.step)).toEqual(steps.map((one) => one.step).filter((n) => n % 4 === 0))
        expect(store.read(id).summary).toMatchObject({ step: last, device: 'CPU ü' })
      }),
      { numRuns: 40 },
    )
  })
  it('that come again from the beginning change nothing', () => {
    const id = newRun()
    const all = bytesOf([started(0), step(1), step(2), validation(2), started(1), step(2), step(3)])
    takeRecords(recorderOf(id), all)
    const first = store.records(id, 0)
    const again = recorderOf(id)
    again.set({ place: { ...again.summary.place!, readBytes: 0 } })
    takeRecords(again, all)
    expect(store.records(id, 0)).toEqual(first)
    expect(first.steps.map((one) => one.step)).toEqual([1, 2, 3])
  })
  it('that are none are passed over and counted, and do not stop the others', () => {
    const id = newRun()
    const bad = '\0\0\0\n{"kind":"step","record":{"step":"2"}}\n[1]\nnull\n{"kind":"sample","record":{"step":1}}\n'
    const all = Buffer.concat([bytesOf([started(0), step(1)]), Buffer.from(bad), bytesOf([step(2)])])
    expect(takeRecords(recorderOf(id), all).bad).toBe(5)
    expect(store.records(id, 0).steps).toHaveLength(2)
  })
})
