// A curve that is thinned says what the whole one says: smoothed, drawn, read; and is whole where one looks closely.
import { describe, expect, test } from 'vitest'
import { createRandom } from '#shared/random.ts'
import type { StepRecord } from '#shared/run.ts'
import { columnsOf, rowOf, thinned } from '#shared/thinning.ts'
import { appendColumns, appendSteps, createCurve, finerPart, keepThin, refine, rowsOf } from '#renderer/curves/curve.ts'
import { reachOf, smooth, windowOf } from '#renderer/curves/smooth.ts'
import { curvesOption, thinnedNote } from '#renderer/charts/curves-chart.ts'
import { readCurves } from '#renderer/charts/curves-reading.ts'
import type { CurvesPlan } from '#renderer/charts/curves-plan.ts'
import { lightTheme } from '#renderer/charts/theme.ts'

const count = 20_000
const spike = { step: 7777, loss: 40 }
const random = createRandom(3)
const steps = Array.from({ length: count }, (_, i): StepRecord => ({
  step: i + 1,
  tokens: 512 * (i + 1),
  elapsedMs: 20 * (i + 1),
  loss: i + 1 === spike.step ? spike.loss : 2 + 6 * (i + 1) ** -0.3 + 0.1 * random.normal(),
  gradientNorm: 1,
  learningRate: 1e-3,
}))
const whole = () => {
  const curve = createCurve()
  appendSteps(curve, steps)
  return curve
}
const thin = () => {
  const curve = createCurve()
  const columns = columnsOf(thinned(steps.map(rowOf), 16))
  appendColumns(curve, columns)
  appendColumns(curve, columns) // what comes twice does no harm
  return curve
}
const plan = (curve: ReturnType<typeof thin>, more: Partial<CurvesPlan> = {}): CurvesPlan => ({
  lines: [{ id: 'a', name: 'a', colour: '#123456', symbol: 'circle', curve, flopsPerToken: 6 }],
  x: 'step',
  y: 'loss',
  xScale: 'linear',
  yScale: 'linear',
  smoothing: 0,
  showTraining: true,
  showValidation: false,
  zoom: null,
  pixels: 900,
  convention: '6 N D',
  ...more,
})

describe('a thinned curve', () => {
  test('is smoothed over the same window to the same values', () => {
    const [all, few] = [whole(), thin()]
    expect(few.length).toBeLessThan(2000)
    expect(few.records).toBe(count)
    for (const share of [0.004, 0.008, 0.064]) {
      expect(windowOf(few, share)).toBe(windowOf(all, share))
      const exact = smooth(all, 'loss', all.columns.loss, reachOf(all, share))
      const means = smooth(few, 'loss', few.columns.loss, reachOf(few, share))
      let away = 0
      for (let i = 0; i < few.length - 1; i++) {
        const { step, count: held } = few.columns
        away = Math.max(away, Math.abs(means[i] - exact[Math.round(step[i] - held[i] / 2 - 0.5)]))
      }
      // noise of 0.1 and a spike of 38, over windows of hundreds of steps
      expect(away).toBeLessThan(share === 0.004 ? 0.05 : 0.02)
    }
  })

  test('hides no spike, and says how many steps a point stands for', () => {
    const drawn = curvesOption(plan(thin()), lightTheme)!
    const heights = (drawn.option as { series: { data?: number[][] }[] }).series.flatMap(({ data }) =>
      (data ?? []).map((point) => point[1]),
    )
    expect(Math.max(...heights)).toBe(spike.loss)
    expect(thinnedNote(drawn.widest)).toContain('up to 16 steps')
    expect(thinnedNote(curvesOption(plan(whole()), lightTheme)!.widest)).toBe('')
  })

  test('is read as means with their range, and exactly where it is whole', () => {
    const [coarse] = readCurves(plan(thin()), spike.step)
    expect(coarse).toMatchObject({ steps: 16, high: spike.loss })
    expect(coarse.value).toBeLessThan(10)
    const [exact] = readCurves(plan(whole()), spike.step)
    expect(exact).toMatchObject({ ...{ step: spike.step, steps: 1, value: spike.loss, high: null } })
  })

  test('becomes whole where one looks closely, and is the same curve around', () => {
    const curve = thin()
    const from = rowsOf(curve).findIndex(({ step }) => step >= 7000)
    const part = finerPart(curve, from, from + 100)!
    expect(part.widest).toBe(1)
    refine(curve, steps.slice(part.afterStep, part.upToStep).map(rowOf))
    expect(curve.records).toBe(count)
    expect(thinned(rowsOf(curve), 16).map(({ step }) => step)).toEqual(rowsOf(thin()).map(({ step }) => step))
    const inside = rowsOf(curve).filter(({ step }) => step > part.afterStep && step <= part.upToStep!)
    expect(inside).toEqual(steps.slice(part.afterStep, part.upToStep).map(rowOf))
    const place = rowsOf(curve).findIndex(({ step }) => step === 7100)
    expect(finerPart(curve, place, place + 200)).toBeNull()
  })

  test('of which nothing closer can be shown is not asked for again', () => {
    const curve = thin()
    expect(finerPart(curve, 0, curve.length - 1)).toBeNull()
    expect(finerPart(whole(), 0, count - 1)).toBeNull()
  })

  test('stays bounded while a run grows, and loses no step of it', () => {
    const curve = createCurve()
    for (let i = 0; i < steps.length; i += 5) {
      appendSteps(curve, steps.slice(i, i + 5))
      keepThin(curve)
      expect(curve.length).toBeLessThanOrEqual(6000)
    }
    expect(curve.records).toBe(count)
    expect(Math.max(...rowsOf(curve).map(({ lossHigh }) => lossHigh))).toBe(spike.loss)
  })

  test('that was thinned meanwhile takes no rows that do not fit', () => {
    const curve = thin()
    const before = rowsOf(curve)
    refine(curve, steps.slice(7003, 7050).map(rowOf))
    expect(rowsOf(curve)).toEqual(before)
  })
})
