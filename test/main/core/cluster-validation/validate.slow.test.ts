// The cost model against published measurements: the errors promised, and Calculon's on the same rows.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { calibration, type Calibration } from '#shared/cluster/calibration.ts'
import { errorsOf, kendallTau } from '#shared/cluster/trial.ts'
import { heldOutErrors } from '#shared/cluster/trust.ts'
import { memoryConstants } from '#shared/cluster/memory.ts'
import { calibrateMemory, memoryObjective, neutralMemory } from '#main/core/cluster-validation/calibrate-memory.ts'
import {
  calibrate,
  crossValidate,
  objective,
  planKey,
  shipped,
  startAfresh,
} from '#main/core/cluster-validation/calibrate.ts'
import { readTrials } from '#main/core/cluster-validation/tables.ts'
import { reportsByTable, validateTrials } from '#main/core/cluster-validation/validate.ts'

const file = JSON.parse(readFileSync('resources/validation/measurements.json', 'utf8')) as Record<
  string,
  { columns: string[]; rows: unknown[][] }
>
const { trials, passedOver } = readTrials(file)
const tables = reportsByTable(validateTrials(trials))

describe('predictions with the constants that ship', () => {
  it("are within 10 % on vTrain's clusters with tensor ranks in one node, and rank their plans", () => {
    const part = tables.vtrain_multi.parts['tensor <= 8']
    expect(part.time!.mean).toBeLessThan(0.1)
    expect(tables.vtrain_multi.parts['175B'].time!.mean).toBeLessThan(0.05)
    expect(tables.vtrain_multi.ranking!.tau).toBeGreaterThan(0.8)
    expect(tables.vtrain_multi.parts['tensor <= 8'].ranking!.tau).toBeGreaterThan(0.8)
  })

  it('are within 15 % on Jean Zay in time and memory, with every verdict right', () => {
    const { time, memory, outOfMemory, fitting, ranking } = tables.bloom_prequel
    expect(time!.mean).toBeLessThan(0.15)
    expect(memory!.mean).toBeLessThan(0.15)
    expect(outOfMemory).toEqual({ rows: 3, right: 3 })
    expect(fitting!.right).toBe(fitting!.rows)
    expect(ranking!.tau).toBeGreaterThan(0.8)
  })

  it("are within 6 % of Korthikanti's iteration times and 15 % of FSDP runs", () => {
    expect(tables.korthikanti.time!.mean).toBeLessThan(0.06)
    expect(tables.llm_foundry_fsdp.time!.mean).toBeLessThan(0.15)
  })

  it('are ahead of Calculon on every set it has predicted', () => {
    const compared = Object.values(tables).filter(({ calculon }) => calculon !== null)
    expect(compared.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['vtrain_multi', 'bloom_prequel', 'korthikanti', 'megatron_table1', 'megatron_table2']),
    )
    for (const { table, calculon, sameRows, calculonMemory, memory } of compared) {
      expect(sameRows!.mean, table).toBeLessThan(calculon!.mean)
      if (calculonMemory) expect(memory!.mean, table).toBeLessThan(calculonMemory.mean)
    }
  })
})

describe('predictions by constants that never saw the plan', () => {
  // Two folds of the smaller tables: five folds of all rows are in docs/validation.md.
  const some = trials.filter(({ table }) => table !== 'vtrain_single' && table !== 'llm_foundry_fsdp')
  const { reports, fits } = crossValidate(some, { folds: 2 })
  const heldOut = reportsByTable(reports)

  it('keep their promises too', () => {
    expect(heldOut.vtrain_multi.parts['tensor <= 8'].time!.mean).toBeLessThan(0.1)
    expect(heldOut.bloom_prequel.time!.mean).toBeLessThan(0.15)
    expect(heldOut.bloom_prequel.memory!.mean).toBeLessThan(0.15)
    expect(heldOut.bloom_prequel.outOfMemory).toEqual({ rows: 3, right: 3 })
    expect(heldOut.bloom_prequel.fitting!.right).toBe(heldOut.bloom_prequel.fitting!.rows)
    expect(heldOut.korthikanti.time!.mean).toBeLessThan(0.06)
    expect(fits).toHaveLength(2)
  }, 120_000)

  it.each(['plan', 'group'] as const)(
    'rank plans they never saw, five folds by %s',
    (by) => {
      const clusters = reportsByTable(crossValidate(some, { by }).reports).vtrain_multi
      expect(clusters.ranking!.tau).toBeGreaterThan(0.8)
      expect(clusters.parts['tensor <= 8'].ranking!.tau).toBeGreaterThan(0.8)
    },
    120_000,
  )

  it('split by plan: rows of one plan on other days or with other batches stay together', () => {
    // two batches, four days, one plan
    const days = trials.filter(({ table, row }) => table === 'bloom_prequel' && [4, 15, 17, 25, 26, 50].includes(row))
    expect(days).toHaveLength(6)
    expect(new Set(days.map(planKey)).size).toBe(1)
    expect(new Set(days.map(({ plan }) => plan.batch)).size).toBe(2)
  })

  it('come from a search that ends better than it began', () => {
    const few = some.filter(({ table }) => table === 'korthikanti')
    expect(objective(few, calibrate(few, startAfresh(), 5))).toBeLessThan(objective(few, startAfresh()))
    expect(objective(some, shipped())).toBeLessThan(objective(some, startAfresh()))
  })

  it('are what a fit finds that begins at round numbers: no constant that ships was tuned by hand', () => {
    const { constants, site } = calibrate(trials, startAfresh())
    for (const [name, value] of Object.entries(constants))
      if (value !== 0) expect(Math.abs(calibration[name as keyof Calibration] / value - 1), name).toBeLessThan(0.01)
    for (const [name, value] of Object.entries(site))
      expect(Math.abs(shipped().site[name as keyof typeof site] / value - 1), name).toBeLessThan(0.01)
  }, 120_000)

  it('are what a fit finds that begins at round numbers: the memory that ships was not tuned by hand', () => {
    const fitted = calibrateMemory(trials)
    for (const name of ['reserveShare', 'keptShare', 'bufferBytes'] as const)
      expect(Math.abs(fitted[name] / memoryConstants[name] - 1), name).toBeLessThan(0.01)
    expect(memoryObjective(trials, fitted)).toBeLessThan(memoryObjective(trials, neutralMemory))
  })

  it('have the errors that are shown beside predictions', () => {
    for (const share of Object.values(heldOutErrors)) expect(share).toBeGreaterThan(0.01)
    expect(Math.abs(heldOutErrors.vtrainMulti - heldOut.vtrain_multi.parts['tensor <= 8'].time!.mean)).toBeLessThan(
      0.02,
    )
    expect(Math.abs(heldOutErrors.jeanZay - heldOut.bloom_prequel.time!.mean)).toBeLessThan(0.02)
  })
})

describe('reading a validation file', () => {
  it('names rows that contradict themselves and leaves them out', () => {
    expect(passedOver).toEqual([{ table: 'bloom_prequel', row: 8, because: 'its shape or its degrees are not known' }])
    const swapped = trials.find(({ table, row }) => table === 'bloom_prequel' && row === 9)!
    // its seconds and TFLOP/s are another row's, swapped
    expect([swapped.seconds, swapped.bytes]).toEqual([null, 37 * 2 ** 30])
  })

  it("takes columns in any order and does without Calculon's", () => {
    const { columns, rows } = file.vtrain_multi
    const keep = columns
      .map((name, i) => ({ name, i }))
      .filter(({ name }) => !name.includes('[O]'))
      .reverse()
    const turned = {
      vtrain_multi: { columns: keep.map(({ name }) => name), rows: rows.map((row) => keep.map(({ i }) => row[i])) },
    }
    const again = reportsByTable(validateTrials(readTrials(turned).trials)).vtrain_multi
    expect(again.time).toEqual(tables.vtrain_multi.time)
    expect(again.calculon).toBeNull()
  })

  it('refuses what is no such file', () => {
    expect(() => readTrials([])).toThrow('JSON object of tables')
    expect(() => readTrials({ other: { columns: ['a'], rows: [[1]] } })).toThrow('Known tables: vtrain_multi')
    expect(() => readTrials({ vtrain_multi: { columns: ['gpus'], rows: [[1, 2]] } })).toThrow(
      'does not have its 1 columns',
    )
    expect(() => readTrials({ vtrain_multi: { columns: ['gpus'], rows: [[1]] } })).toThrow('no number in its column')
  })
})

describe('measures of error', () => {
  it('are the mean, the median, the bias and the largest', () => {
    const pairs = [
      { predicted: 110, measured: 100 },
      { predicted: 80, measured: 100 },
      { predicted: 103, measured: 100 },
    ]
    const errors = errorsOf(pairs)!
    expect(
      [errors.rows, errors.mean, errors.median, errors.largest, errors.bias].map((one) => Number(one.toFixed(9))),
    ).toEqual([3, 0.11, 0.1, 0.2, -0.023333333])
    expect(errorsOf([])).toBeNull()
  })

  it("rank by Kendall's tau-b", () => {
    const of = (...pairs: [number, number][]) =>
      kendallTau(pairs.map(([predicted, measured]) => ({ predicted, measured })))
    expect(of([1, 1], [2, 2], [3, 3])).toBe(1)
    expect(of([3, 1], [2, 2], [1, 3])).toBe(-1)
    expect(of([1, 1], [2, 3], [3, 2], [4, 4])).toBeCloseTo(2 / 3, 12)
    expect(of([1, 1], [1, 2], [2, 3])).toBeCloseTo(2 / Math.sqrt(2 * 3), 12)
    expect(of([1, 1])).toBeNull()
  })
})
