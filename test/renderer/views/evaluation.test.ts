import type { RunSummary } from '#shared/run.ts'
import { chartForecast } from '#renderer/views/evaluation/score-forecast.ts'
import { describe, expect, it } from 'vitest'
import type { Evaluation, EvaluationTask } from '#shared/evaluation/evaluation.ts'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import { meanOfSeven, publishedTasks } from '#renderer/charts/accuracy-chart.ts'
import { chartRows, chartValues, coreRows } from '#renderer/views/evaluation/chart-rows.ts'
import { differencesFromPublished, whyNoPublished } from '#renderer/views/evaluation/comparable.ts'
import { exampleOf, summaryOf } from '#renderer/views/evaluation/example.ts'
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

const task = (name: string, changes: Partial<EvaluationTask> = {}): EvaluationTask => ({
  name,
  title: name.toUpperCase(),
  about: '',
  source: '',
  licence: '',
  kind: 'choices',
  metrics: ['acc', 'acc_norm'],
  chance: 0.25,
  hub: null,
  isMade: false,
  canReadSplit: false,
  files: [],
  fetching: null,
  message: null,
  ...changes,
})
let made = 0
const evaluation = (name: string, runId: string, changes: Partial<Evaluation> & { acc?: number } = {}): Evaluation => {
  const { acc = 0.5, ...rest } = changes
  return {
    id: `e${++made}`,
    studyId: 's',
    subject: { kind: 'run', runId, step: 100 },
    name: runId,
    memberId: runId,
    parameters: 1000,
    flops: 1e12,
    task: name,
    options: { shots: 0, sampler: 'first', limit: null, split: null },
    isAutomatic: false,
    state: 'finished',
    done: 100,
    of: 100,
    secondsLeft: null,
    message: null,
    code: null,
    device: null,
    seconds: 1,
    createdMs: made,
    finishedMs: made,
    result: {
      task: name,
      title: name,
      shots: 0,
      items: 100,
      chance: 0.25,
      metrics: [
        { name: 'acc', value: acc, stderr: 0.05 },
        { name: 'acc_norm', value: acc + 0.1, stderr: 0.05 },
      ],
    },
    ...rest,
  }
}

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

describe('the forecast of a task', () => {
  const [piqa] = resultRows([evaluation('piqa', 'a')], [task('piqa')])
  const row = { metric: 'acc' as const, chance: 0.25, rows: [piqa] }
  const runs = [1, 2, 3, 4, 5].map(
    (i) =>
      ({
        id: `r${i}`,
        name: `m${i}`,
        state: 'finished',
        flops: 10 ** (11 + i),
        validationLoss: 4.5 - 0.5 * i,
        steps: 100,
      }) as RunSummary,
  )
  const scored = (accOf: (i: number) => number) =>
    runs.map(({ id }, i) => evaluation('piqa', id, { acc: accOf(i + 1) }))

  it('reaches ten times further with a band, and says how well the smaller ones predict the largest', () => {
    const found = chartForecast(
      row,
      scored((i) => 0.25 + 0.08 * i),
      runs,
    )
    if (found === null || typeof found === 'string') throw new Error(String(found))
    const [first, last] = [found.line[0], found.line[found.line.length - 1]]
    expect(first.x).toBeCloseTo(1e12, -6)
    expect(last.x / 1e17).toBeCloseTo(1)
    expect(last.y).toBeGreaterThan(0.65)
    expect(last.low).toBeLessThan(last.high)
    expect(found.words).toMatch(
      /at 100\sPFLOP\. Without m5, the smaller ones predict 0\.6\d\d for it; measured 0\.650, error/,
    )
  })

  it('says why there is none', () => {
    expect(
      chartForecast(
        row,
        scored(() => 0.2),
        runs,
      ),
    ).toMatch(/no better than guessing/)
    expect(
      chartForecast(
        { ...row, metric: 'perplexity' },
        scored(() => 0.5),
        runs,
      ),
    ).toBeNull()
    expect(chartForecast(row, scored(() => 0.5).slice(0, 2), runs.slice(0, 2))).toMatch(/at least 3 models/)
  })
})

describe('the chart', () => {
  const tasks = publishedTasks.map((name) => task(name))
  const all = (runId: string, acc: number) => publishedTasks.map((name) => evaluation(name, runId, { acc }))

  it('offers the mean of the seven, with a point only where all seven are', () => {
    const evaluations = [...all('whole', 0.4), ...all('partial', 0.6).slice(1)]
    const rows = resultRows(evaluations, tasks)
    const mean = chartRows(rows, tasks, 'acc').find(({ task: name }) => name === meanOfSeven)!
    const [point, ...others] = chartValues(
      mean,
      resultColumns(evaluations, () => 100),
      resultCells(evaluations),
    )
    expect(others).toEqual([])
    expect([point.column.name, point.items]).toEqual(['whole', 700])
    expect(point.value).toBeCloseTo(0.4)
    expect(point.stderr).toBeCloseTo(0.05 / Math.sqrt(7))
  })

  it('offers the centred mean of tasks with rows of their own, over every model that has them all', () => {
    const own = [task('piqa', { chance: 0.5 }), task('arc_easy'), task('cloze')]
    const evaluations = [
      evaluation('piqa', 'whole', { acc: 0.6 }),
      evaluation('arc_easy', 'whole', { acc: 0.4 }),
      evaluation('cloze', 'whole', { acc: 0.9 }),
      evaluation('piqa', 'partial', { acc: 0.9 }),
    ]
    for (const one of evaluations) one.result!.chance = one.task === 'piqa' ? 0.5 : 0.25
    const [core, ...others] = coreRows(resultRows(evaluations, own))
    expect(others).toEqual([])
    expect([core.title, core.rows.map((one) => one.task.name)]).toEqual(['CORE mean, 2 tasks', ['piqa', 'arc_easy']])
    const points = chartValues(
      core,
      resultColumns(evaluations, () => 100),
      resultCells(evaluations),
    )
    expect(points.map(({ column }) => column.name)).toEqual(['whole'])
    expect(points[0].value).toBeCloseTo(0.2)
  })

  it('offers published tasks that no model here has done, without points', () => {
    const rows = chartRows([], tasks, 'acc')
    expect(rows.map(({ task: name }) => name)).toEqual([meanOfSeven, ...publishedTasks])
    expect(chartValues(rows[1], [], new Map())).toEqual([])
  })

  it('lays published numbers only over the same metric and number of examples, and says what else differs', () => {
    const piqa = { isPublished: true, title: 'PIQA' }
    expect(whyNoPublished(piqa, { metric: 'acc', shots: 5 })).toBeNull()
    expect(whyNoPublished(piqa, { metric: 'acc_norm', shots: 0 })).toMatch(/acc/)
    expect(whyNoPublished(piqa, { metric: 'acc', shots: 3 })).toMatch(/0 or 5 examples/)
    expect(whyNoPublished({ isPublished: false, title: 'Copy' }, { metric: 'acc', shots: 0 })).toMatch(/Copy/)
    const own = {
      metric: 'acc' as const,
      shots: 0,
      convention: 'sixNd' as const,
      corpusName: 'Moby Dick',
      items: 60,
      isLimited: true,
      files: ['piqa.jsonl'],
      sampler: ['first'],
    }
    expect(differencesFromPublished(own).join('; ')).toMatch(/first 60 items.*6 N D.*Moby Dick/)
    expect(differencesFromPublished({ ...own, isLimited: false, shots: 5 }).join('; ')).toMatch(
      /piqa\.jsonl \(60 items\).*first of a file/,
    )
  })
})

describe('an example', () => {
  const item = (changes: Partial<ItemRecord> = {}): ItemRecord => ({
    kind: 'item',
    task: 't',
    index: 4,
    contexts: ['Which?'],
    continuations: ['a', 'bcdé'],
    gold: 1,
    logLikelihoods: [-2, -4],
    areGreedy: [true, false],
    metrics: { acc: 0, acc_norm: 1 },
    ...changes,
  })

  it('shows sums, and what each is for its length in characters and bytes', () => {
    const { answers, verdict, verdictNorm } = exampleOf(item(), 'choices')
    expect(answers.map(({ sum, perCharacter, perByte }) => [sum, perCharacter, perByte])).toEqual([
      [-2, -2, -2],
      [-4, -1, -0.8],
    ])
    expect(answers.map(({ isGold, isTaken, isTakenNorm }) => [isGold, isTaken, isTakenNorm])).toEqual([
      [false, true, false],
      [true, false, true],
    ])
    expect([verdict, verdictNorm]).toEqual([false, true])
  })

  it('of several beginnings is judged by what follows them', () => {
    const { answers, context, after } = exampleOf(
      item({ contexts: ['Ann', 'Bob'], continuations: ['left'], metrics: { acc: 1 } }),
      'contexts',
    )
    expect(answers.map(({ text, perCharacter }) => [text, perCharacter])).toEqual([
      ['Ann', -0.5],
      ['Bob', -1],
    ])
    expect([context, after]).toEqual(['', 'left'])
  })

  it('of a text is bits per byte, and neither right nor wrong', () => {
    const { bitsPerByte, verdict, answers } = exampleOf(
      item({
        contexts: [''],
        continuations: ['text'],
        gold: null,
        logLikelihoods: [-4 * Math.LN2],
        areGreedy: [false],
        metrics: { bits_per_byte: -4 * Math.LN2 },
        size: { words: 1, bytes: 4 },
      }),
      'text',
    )
    expect(bitsPerByte).toBeCloseTo(1)
    expect([verdict, answers]).toEqual([null, []])
  })

  it('is told from others by how its question ends', () => {
    const long = `${'Once upon a time '.repeat(20)}\n\nwho came?`
    expect(summaryOf(item({ contexts: [long] }), 'choices')).toMatch(/^… .*who came\?$/)
    expect(summaryOf(item({ contexts: ['Ann', 'Bob'], continuations: ['left'] }), 'contexts')).toBe('Ann … left')
  })
})
