import { describe, expect, it } from 'vitest'
import {
  cellKey,
  isLikeChance,
  keyOfSubject,
  metricOf,
  resultCells,
  resultColumns,
  resultRows,
  resultsCsv,
} from '#renderer/views/evaluation/table.ts'
import { task, evaluation } from './records.ts'

describe('the table of results', () => {
  const tasks = [
    task('piqa'),
    task('text', {
      kind: 'text',
      metrics: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
      chance: null,
      canReadSplit: true,
    }),
  ]

  it('has a row for each task and number of examples, in the order of the tasks', () => {
    const five = { shots: 5, sampler: 'first' as const, limit: null, split: null }
    const rows = resultRows(
      [
        evaluation('text', 'a', { options: { ...five, shots: 0, split: 'validation' } }),
        evaluation('piqa', 'a', { options: five }),
        evaluation('piqa', 'a'),
      ],
      tasks,
    )
    expect(rows.map(({ title, shots }) => [title, shots])).toEqual([
      ['PIQA', 0],
      ['PIQA', 5],
      ['Validation text', 0],
    ])
  })

  it('keeps the results of tasks that are not here any more', () => {
    const [known, gone] = resultRows([evaluation('gone', 'a'), evaluation('piqa', 'a')], tasks)
    expect([known.title, gone.title, gone.task.metrics, gone.task.chance]).toEqual([
      'PIQA',
      'gone',
      ['acc', 'acc_norm'],
      0.25,
    ])
  })

  it('has a column for each checkpoint, smallest model first, and shows members that have no number yet', () => {
    const columns = resultColumns(
      [
        evaluation('piqa', 'large', { parameters: 9000 }),
        evaluation('piqa', 'small'),
        evaluation('piqa', 'small', { subject: { kind: 'run', runId: 'small', step: 40 } }),
      ],
      () => 100,
      [
        {
          subject: { kind: 'run', runId: 'middle', step: 100 },
          name: 'middle',
          memberId: 'middle',
          parameters: 5000,
          flops: null,
        },
      ],
    )
    expect(columns.map(({ name, detail, isEarlier }) => [name, detail, isEarlier])).toEqual([
      ['small', 'step 40', true],
      ['small', null, false],
      ['middle', null, false],
      ['large', null, false],
    ])
  })

  it('shows the newest of each cell', () => {
    const [old, young] = [evaluation('piqa', 'a'), evaluation('piqa', 'a', { state: 'running', result: null })]
    const [row] = resultRows([old], tasks)
    expect(resultCells([young, old]).get(cellKey(row.key, keyOfSubject(old.subject)))).toBe(young)
  })

  it('takes the metric that comes closest to the one asked for', () => {
    expect(metricOf(['acc', 'acc_norm'], 'acc_norm')).toBe('acc_norm')
    expect(metricOf(['acc'], 'acc_norm')).toBe('acc')
    expect(metricOf(['perplexity', 'acc'], 'acc')).toBe('acc')
    expect(metricOf(['perplexity', 'acc'], 'perplexity')).toBe('perplexity')
    expect(metricOf(tasks[1].metrics, 'acc')).toBe('bits_per_byte')
    expect(metricOf(tasks[1].metrics, 'bits_per_byte')).toBe('bits_per_byte')
    expect(metricOf(['acc', 'answer_bits_per_byte'], 'bits_per_byte')).toBe('answer_bits_per_byte')
  })

  it('says which numbers may be nothing but guessing', () => {
    expect(isLikeChance(0.34, 0.05, 0.25)).toBe(true)
    expect(isLikeChance(0.36, 0.05, 0.25)).toBe(false)
    expect(isLikeChance(0, 0, null)).toBe(true)
  })

  it('is saved with every metric, and without what has no result', () => {
    const lines = resultsCsv([evaluation('piqa', 'a "b"'), evaluation('piqa', 'c', { state: 'failed', result: null })])
      .trim()
      .split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toBe('"a ""b""",100,1000,1000000000000,piqa,0,first,100,acc,0.5,0.05,0.25')
  })
})
