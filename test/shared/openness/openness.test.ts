// Openness: the rows that ship against published sizes, what counts as compute-optimal, and what a row must hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import points from '../../../resources/published/points.json' with { type: 'json' }
import { opennessAnswers, readOpennessRow, trainedOn, trainedOnText } from '#shared/openness/openness.ts'
import { opennessLines, studyOpenness } from '#shared/openness/own-row.ts'
import { publishedOpenness } from '#shared/openness/published.ts'

const rowOf = (id: string) => publishedOpenness.find((row) => row.id === id)!
const training = (...ratios: number[]) => ({
  training: {
    sizes: ratios.map((ratio, i) => ({ name: `${i}`, parameters: 1000, tokens: ratio * 1000 })),
    source: 'x',
  },
})

describe('the rows that ship', () => {
  it('have an id each, and a source for every cell', () => {
    expect(publishedOpenness.length).toBeGreaterThanOrEqual(20)
    expect(new Set(publishedOpenness.map(({ id }) => id)).size).toBe(publishedOpenness.length)
    for (const { cells, training } of publishedOpenness)
      for (const source of [...Object.values(cells).map((cell) => cell.source), ...(training ? [training.source] : [])])
        expect(source.length).toBeGreaterThan(8)
  })

  it('have the sizes and tokens of the published points', () => {
    const family = points.families.find(({ id }) => id === 'cerebras-gpt')!
    expect(rowOf('cerebras-gpt').training!.sizes).toEqual(
      family.points.map(({ name, parameters, tokens }) => ({ name, parameters, tokens })),
    )
  })

  it('say as the announcement of Cerebras-GPT does which families are compute-optimal', () => {
    const optimal = publishedOpenness.filter((row) => trainedOn(row)?.allocation === 'compute-optimal')
    expect(optimal.map(({ id }) => id)).toEqual(['cerebras-gpt', 'chinchilla'])
    expect(trainedOnText(rowOf('pythia'))).toBe('25 to 4258 tokens/param, more tokens')
    expect(trainedOnText(rowOf('gpt-4'))).toBe('not published')
  })
})

it('a training is compute-optimal within a tenth of 20 tokens per parameter, at every size', () => {
  expect(trainedOn(training(18, 22))!.allocation).toBe('compute-optimal')
  expect(trainedOn(training(2, 17))!.allocation).toBe('fewer tokens')
  expect(trainedOn(training(23, 400))!.allocation).toBe('more tokens')
  expect(trainedOn(training(2, 400))!.allocation).toBe('differs by size')
})

it('a row comes back from its file as it went in, and what is missing is named', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9 ]{0,20}[A-Za-z]$/)
  const cell = fc.record({ answer: fc.constantFrom(...opennessAnswers), note: text, source: text })
  const row = fc.record({
    id: fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
    name: text,
    by: text,
    year: fc.integer({ min: 1950, max: 2100 }),
    cells: fc.record({ weights: cell, licence: cell }, { requiredKeys: [] }),
    training: fc.constant(null),
  })
  fc.assert(
    fc.property(row, (one) => {
      expect(readOpennessRow(JSON.parse(JSON.stringify(one)))).toEqual(one)
    }),
  )
  const base = JSON.parse(JSON.stringify(rowOf('pythia')))
  expect(() => readOpennessRow({ ...base, cells: { weights: { answer: 'yes', note: 'x' } } })).toThrow(
    '"weights" needs a source',
  )
  expect(() => readOpennessRow({ ...base, cells: { wheels: base.cells.data } })).toThrow('no cell "wheels"')
  expect(() => readOpennessRow({ ...base, training: { sizes: [], source: 'x' } })).toThrow('1 to 100 sizes')
  expect(() => readOpennessRow({ ...base, year: '2023' })).toThrow('whole number')
  expect(() => readOpennessRow([])).toThrow('is a record')
})

it('the row of a study has what its report publishes, and says what nobody has stated', () => {
  const run = { memberId: 'a', name: '1k', state: 'finished' as const, parameters: 1000, tokens: 20_000 }
  const row = studyOpenness({
    study: { id: 's', name: 'Demo' },
    version: '9.9.9',
    nowMs: Date.UTC(2026, 1, 1),
    corpus: { name: 'Books', origin: 'added', source: '/home/me/books', licence: 'CC BY 4.0' },
    runs: [run, { ...run, tokens: 20_000 }, { ...run, memberId: 'b', state: 'paused' }],
    evaluations: [{ state: 'finished' }, { state: 'failed' }],
  })
  expect(row.training!.sizes).toEqual([{ name: '1k', parameters: 1000, tokens: 20_000 }])
  expect(row.cells).toMatchObject({
    weights: { answer: 'no' },
    data: { answer: 'yes', source: 'a file of its owner' }, // where it lies is nobody's business
    evaluations: { answer: 'yes', note: '1 evaluation of its models' },
  })
  const lines = opennessLines(row)
  expect(lines.find(({ name }) => name === 'License')!.answer).toBe('not stated')
  expect(lines[lines.length - 1].answer).toBe('20 tokens/param, compute-optimal')
  expect(readOpennessRow(JSON.parse(JSON.stringify(row)))).toEqual(row)
})
