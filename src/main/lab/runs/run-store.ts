// Runs and their records in the store: each step once, in order, and none beyond the checkpoint that a run goes on
// from.
import { emulatedName } from '#shared/cluster/live.ts'
import type { EngineName } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { RunPlan, RunRecords, RunSummary, SampleRecord, StepRecord, ValidationRecord } from '#shared/run.ts'
import { withTaskState } from '#shared/task-state.ts'
import { rowOf, type CurveRow } from '#shared/thinning.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface StoredRun {
  plan: RunPlan
  summary: RunSummary
}

export type RecordBatch = Omit<RunRecords, 'runId'>

export interface RunStore extends Omit<RecordTable<RunSummary>, 'list' | 'read' | 'put'> {
  /**
   * Those of one study or of all; none that is deleted, nor of a deleted study. In the order in which they were made.
   */
  list(studyId: string | null): RunSummary[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): StoredRun
  /** In the order asked for; without those that are not here any more. */
  plans(ids: readonly string[]): RunPlan[]
  /** All of them or none. */
  insert(runs: readonly StoredRun[]): void
  /** Records and what they add up to, together or not at all. `durable`: on the disk when it returns. */
  append(summary: RunSummary, batch: RecordBatch, how: 'durable' | 'relaxed'): void
  /** The engine it goes on with; returns what changes in its summary. */
  setEngine(id: string, engine: EngineName): Partial<RunSummary>
  /** The run goes on from `summary.step`: what was recorded beyond it will come again. */
  rewind(summary: RunSummary): void
  /** All after a step, or the first `stepsAnAnswer` of them with what else was recorded up to the last. */
  records(id: string, afterStep: number): RunRecords
  /** Steps after one and up to another, as rows of `width` steps counted from the first step of all. */
  rows(id: string, part: { after: number; upTo: number; width: number }): CurveRow[]
  /** What was recorded beside the steps. */
  marks(id: string, afterStep: number, upToStep: number): Pick<RunRecords, 'validations' | 'samples'>
  /** The last step recorded, 0 for none. */
  lastStep(id: string): number
  lastValidation(id: string, upToStep: number): ValidationRecord | null
  bestValidation(id: string, upToStep: number): number | null
  stepAt(id: string, step: number): StepRecord | null
  /** The curve in about `points` points, each the mean of as many steps. */
  coarse(id: string, points: number): { tokens: number; loss: number }[]
  lastSample(id: string): string | null
  /** Ids of all runs of a study, whatever was deleted. */
  everyIdOf(studyId: string): string[]
}

/** A long run is read in pieces of this many steps, so that no answer weighs more than some 7 MB. */
export const stepsAnAnswer = 50_000

const validationColumns = 'step, tokens, loss, elapsedMs, wholeLoss, wholeTokens, wholeError'
const stepColumns = 'step, tokens, loss, gradientNorm, learningRate, elapsedMs'
const rowColumns = `max(step) AS step, max(tokens) AS tokens, max(elapsedMs) AS elapsedMs, count(*) AS count,
  avg(loss) AS loss, min(loss) AS lossLow, max(loss) AS lossHigh, avg(gradientNorm) AS gradientNorm,
  min(gradientNorm) AS gradientNormLow, max(gradientNorm) AS gradientNormHigh, avg(learningRate) AS learningRate`

export function createRunStore(db: Database): RunStore {
  const numberOf = (id: string): number => {
    const row = db.get<{ number: number }>('SELECT number FROM runs WHERE id = ?', id)
    if (!row) throw new Fault('not-found', 'This run is not here any more.', { details: id })
    return row.number
  }
  const table = createRecordTable<RunSummary>({
    db,
    table: 'runs',
    column: 'summary',
    noun: 'run',
    idOf: ({ id }) => id,
    order: 'number',
    living: 'study NOT IN (SELECT id FROM studies WHERE deleted > 0)',
    upgrade: (run) => withCooldowns(withKnownEngine(withSystems(withTaskState(run)))),
  })

  const marks: RunStore['marks'] = (id, afterStep, upToStep) => {
    const run = numberOf(id)
    const between = 'WHERE run = ? AND step > ? AND step <= ? ORDER BY step'
    return {
      validations: db
        .all<ValidationRow>(`SELECT ${validationColumns} FROM validations ${between}`, run, afterStep, upToStep)
        .map(validationOf),
      samples: db.all<SampleRecord>(`SELECT step, text FROM samples ${between}`, run, afterStep, upToStep),
    }
  }

  return {
    ...table,
    list: (studyId) => table.list().filter((run) => studyId === null || run.studyId === studyId),
    read: (id) => {
      const summary = table.read(id)
      const { plan } = db.get<{ plan: string }>('SELECT plan FROM runs WHERE id = ?', id)!
      return { plan: withKnownEngine(withSystems(JSON.parse(plan) as RunPlan)), summary }
    },
    plans: (ids) => {
      const here = new Set(table.list().map(({ id }) => id))
      return ids.flatMap((id) => {
        const row = here.has(id) ? db.get<{ plan: string }>('SELECT plan FROM runs WHERE id = ?', id) : undefined
        return row ? [withKnownEngine(withSystems(JSON.parse(row.plan) as RunPlan))] : []
      })
    },
    insert: (runs) =>
      db.transaction(() => {
        for (const { plan, summary } of runs)
          db.run(
            'INSERT INTO runs (id, study, plan, summary) VALUES (?, ?, ?, ?)',
            summary.id,
            summary.studyId,
            JSON.stringify(plan),
            JSON.stringify(summary),
          )
      }),
    append: (summary, { steps, validations, samples }, how) => {
      db.transaction(() => {
        const run = numberOf(summary.id)
        for (const { step, tokens, loss, gradientNorm, learningRate, elapsedMs } of steps) {
          db.run(
            `INSERT INTO steps (run, ${stepColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
            run,
            step,
            tokens,
            loss,
            gradientNorm,
            learningRate,
            elapsedMs,
          )
        }
        for (const { step, tokens, loss, elapsedMs, whole = null } of validations) {
          db.run(
            `INSERT OR REPLACE INTO validations (run, ${validationColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
            run,
            step,
            tokens,
            loss,
            elapsedMs,
            whole && whole.loss,
            whole && whole.tokens,
            whole && whole.standardError,
          )
        }
        for (const { step, text } of samples)
          db.run('INSERT INTO samples (run, step, text) VALUES (?, ?, ?)', run, step, text)
        table.put(summary)
      }, how)
    },
    setEngine: (id, engine) => {
      const { plan } = db.get<{ plan: string }>('SELECT plan FROM runs WHERE id = ?', id)!
      db.run('UPDATE runs SET plan = ? WHERE id = ?', JSON.stringify({ ...(JSON.parse(plan) as RunPlan), engine }), id)
      return { engine }
    },
    rewind: (summary) => {
      db.transaction(() => {
        const run = numberOf(summary.id)
        for (const table of ['steps', 'validations', 'samples'])
          db.run(`DELETE FROM ${table} WHERE run = ? AND step > ?`, run, summary.step)
        table.put(summary)
      })
    },
    records: (id, afterStep) => {
      const run = numberOf(id)
      const steps = db.all<StepRecord>(
        `SELECT ${stepColumns} FROM steps WHERE run = ? AND step > ? ORDER BY step LIMIT ?`,
        run,
        afterStep,
        stepsAnAnswer,
      )
      const upTo = steps.length === stepsAnAnswer ? steps[steps.length - 1].step : Number.MAX_SAFE_INTEGER
      return { runId: id, steps, ...marks(id, afterStep, upTo) }
    },
    rows: (id, { after, upTo, width }) => {
      const within = 'FROM steps WHERE run = ? AND step > ? AND step <= ?'
      const run = numberOf(id)
      return width === 1
        ? db.all<StepRecord>(`SELECT ${stepColumns} ${within} ORDER BY step`, run, after, upTo).map(rowOf)
        : db.all<CurveRow>(
            `SELECT ${rowColumns} ${within} GROUP BY (step - 1) / CAST(? AS INTEGER) ORDER BY step`,
            run,
            after,
            upTo,
            width,
          )
    },
    marks,
    lastStep: (id) =>
      db.get<{ last: number | null }>('SELECT max(step) AS last FROM steps WHERE run = ?', numberOf(id))?.last ?? 0,
    lastValidation: (id, upToStep) => {
      const row = db.get<ValidationRow>(
        `SELECT ${validationColumns} FROM validations WHERE run = ? AND step <= ? ORDER BY step DESC LIMIT 1`,
        numberOf(id),
        upToStep,
      )
      return row ? validationOf(row) : null
    },
    bestValidation: (id, upToStep) =>
      db.get<{ best: number | null }>(
        'SELECT min(loss) AS best FROM validations WHERE run = ? AND step <= ?',
        numberOf(id),
        upToStep,
      )?.best ?? null,
    stepAt: (id, step) =>
      db.get<StepRecord>(`SELECT ${stepColumns} FROM steps WHERE run = ? AND step = ?`, numberOf(id), step) ?? null,
    coarse: (id, points) => {
      const run = numberOf(id)
      const { last } = db.get<{ last: number | null }>('SELECT max(step) AS last FROM steps WHERE run = ?', run)!
      return db.all<{ tokens: number; loss: number }>(
        'SELECT avg(tokens) AS tokens, avg(loss) AS loss FROM steps WHERE run = ? GROUP BY step / ? ORDER BY step',
        run,
        Math.max(1, Math.floor((last ?? 0) / points)),
      )
    },
    lastSample: (id) =>
      db.get<{ text: string }>('SELECT text FROM samples WHERE run = ? ORDER BY step DESC LIMIT 1', numberOf(id))
        ?.text ?? null,
    everyIdOf: (studyId) => db.all<{ id: string }>('SELECT id FROM runs WHERE study = ?', studyId).map(({ id }) => id),
    forget: (id) => {
      db.transaction(() => {
        const run = numberOf(id)
        for (const table of ['steps', 'validations', 'samples']) db.run(`DELETE FROM ${table} WHERE run = ?`, run)
        table.forget(id)
      })
    },
  }
}

interface ValidationRow extends Omit<ValidationRecord, 'whole'> {
  wholeLoss: number | null
  wholeTokens: number | null
  wholeError: number | null
}

const validationOf = ({ wholeLoss, wholeTokens, wholeError, ...record }: ValidationRow): ValidationRecord =>
  wholeLoss === null || wholeTokens === null
    ? record
    : { ...record, whole: { loss: wholeLoss, tokens: wholeTokens, standardError: wholeError } }

/** Version 0.1.0 trained on graphics cards by an engine that is called `gpu` now. */
const withKnownEngine = <R extends { engine: EngineName }>(record: R): R =>
  (record.engine as string) === 'webgpu' ? { ...record, engine: 'gpu' } : record

/** Older labs called a run on an emulated cluster as its plain twin. */
const withSystems = <R extends { name: string; systems?: number }>(run: R): R => ({
  ...run,
  name: emulatedName(run.name, run.systems),
})

/** Version 0.1.0 called them rests. */
const withCooldowns = ({ rests, ...run }: RunSummary & { rests?: number[] }): RunSummary =>
  rests ? { ...run, cooldowns: rests } : run
