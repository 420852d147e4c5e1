import type { RunSummary } from '#shared/run.ts'
import { chartForecast } from '#renderer/views/evaluation/score-forecast.ts'
import { describe, expect, it } from 'vitest'
import { meanOfSeven, publishedTasks } from '#renderer/charts/accuracy-chart.ts'
import { chartRows, chartValues, coreRows } from '#renderer/views/evaluation/chart-rows.ts'
import { differencesFromPublished, whyNoPublished } from '#renderer/views/evaluation/comparable.ts'
import { resultCells, resultColumns, resultRows } from '#renderer/views/evaluation/table.ts'
import { task, evaluation } from './records.ts'

describe('the forecast of a task', () => {
  const [piqa] = resultRows([evaluation('piqa', 'a')], [task('piqa')])
  const row = { metric: 'acc' as const, chance: 0.25, rows: [piqa] }
  const runs = [1, 2, 3, 4, 5].map(
    (i) =>
      ({
        id: `r${i}`,
        memberId: `m${i}`,
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

  it('is there for the centred mean of tasks too', () => {
    const tasks = [task('piqa'), task('sciq')]
    const both = tasks.flatMap(({ name }, k) =>
      runs.map(({ id }, i) => evaluation(name, id, { acc: 0.3 + 0.08 * (i + k) })),
    )
    const [core] = coreRows(resultRows(both, tasks))
    const found = chartForecast(core, both, runs)
    if (found === null || typeof found === 'string') throw new Error(String(found))
    expect(found.line[0].y).toBeCloseTo((0.05 + 0.13) / 2 / 0.75, 1)
    expect(found.words).toMatch(/measured 0\.547, error/)
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
