import { describe, expect, test } from 'vitest'
import type { RunPlan } from '#shared/run.ts'
import { distinctions } from '#shared/run-table/distinctions.ts'
import type { RunRow } from '#shared/run-table/run-columns.ts'
import { runSummary } from '../../support/run-summary.ts'

const row = (
  id: string,
  {
    name = '137k',
    studyId = 'a',
    rate = 3e-3,
    batch = 8,
    seed = 0,
    systems,
    hasPlan = true,
  }: {
    name?: string
    studyId?: string
    rate?: number
    batch?: number
    seed?: number
    systems?: number
    hasPlan?: boolean
  } = {},
): RunRow => ({
  run: { ...runSummary(), id, name, studyId, seed, ...(systems ? { systems } : {}) },
  plan: hasPlan
    ? ({
        seed,
        recipe: { initStd: 0.02, weightDecay: 0.1 },
        member: {
          batchSequences: batch,
          peakLearningRate: rate,
          tokens: 1000,
          shape: { context: 128, layers: 2, width: 64, heads: 2 },
        },
      } as unknown as RunPlan)
    : null,
  study: studyId,
  tags: [],
  studyTags: [],
  note: '',
})
const of = (...rows: RunRow[]) => [...distinctions(rows).values()]

describe('runs of one name', () => {
  test('are told apart by what differs, and by nothing else', () => {
    expect(of(row('1', { rate: 3e-3 }), row('2', { rate: 1.2e-4 }))).toEqual(['lr 3e-3', 'lr 1.2e-4'])
    expect(of(row('1'), row('2', { seed: 1 }))).toEqual(['seed 0', 'seed 1'])
    expect(of(row('1'), row('2', { rate: 1e-3, batch: 16, seed: 1 }))).toEqual([
      'lr 3e-3, batch 1,024, seed 0',
      'lr 1e-3, batch 2,048, seed 1',
    ])
  })

  test('on an emulated cluster say on how many systems', () => {
    expect(of(row('1'), row('2', { systems: 4 }))).toEqual(['', '×4 systems'])
  })

  test('are numbered where nothing differs, or where it is not known yet', () => {
    expect(of(row('1'), row('2'), row('3'))).toEqual(['', '(2)', '(3)'])
    expect(of(row('1', { hasPlan: false }), row('2', { hasPlan: false, rate: 1 }))).toEqual(['', '(2)'])
  })

  test('that are alone in their study are called by it alone', () => {
    expect(of(row('1'), row('2', { name: '1M' }), row('3', { studyId: 'b', rate: 1 }))).toEqual([])
  })
})
