// Names on charts never lie on each other: the picture is drawn, and every text in it is measured.
import { init } from 'echarts/core'
import { expect, it } from 'vitest'
import { curvesOption } from '#renderer/charts/curves-chart.ts'
import { drawSvg } from '#renderer/charts/echarts.ts'
import { withNames } from '#renderer/charts/label-layout.ts'
import { lawOption } from '#renderer/charts/law-chart.ts'
import type { LawMember, LawPlan } from '#renderer/charts/law-plan.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { scheduleOption } from '#renderer/charts/schedule-chart.ts'
import { sweepOption } from '#renderer/charts/sweep-chart.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'
import { createRandom } from '#shared/random.ts'
import type { SweepCurve } from '#shared/sweep/curves.ts'
import { lawOf } from '#shared/scaling/law.ts'

interface Box {
  text: string
  left: number
  right: number
  top: number
  bottom: number
}

/** The boxes of the texts that `isName` says are names; a letter of 11 px is some 5.5 wide and 10 high. */
function boxesIn(svg: string, isName: (text: string) => boolean): Box[] {
  return [...svg.matchAll(/<text([^>]*)>([^<]*)<\/text>/g)].flatMap(([, attributes, text]) => {
    if (!isName(text)) return []
    const number = (name: string) => Number(new RegExp(`\\s${name}="([-\\d.]+)"`).exec(attributes)?.[1] ?? 0)
    const [dx, dy] = (/translate\(([-\d.]+)[ ,]+([-\d.]+)\)/.exec(attributes) ?? ['', '0', '0']).slice(1).map(Number)
    const [x, y, width] = [number('x') + dx, number('y') + dy, 5.5 * text.length]
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1] ?? 'start'
    const left = x - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0)
    return [{ text, left, right: left + width, top: y - 5, bottom: y + 5 }]
  })
}
const overlapping = (boxes: readonly Box[]): string[] =>
  boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.text} on ${b.text}`),
  )

/** Every line that is drawn, in pixels; symbols are filled, axes and hairlines are thinner. */
const linesIn = (svg: string): [number, number][][] =>
  [...svg.matchAll(/<path d="(M[^"]*)" fill="none"[^>]*stroke-width="([\d.]+)"/g)]
    .filter(([, , width]) => Number(width) > 1)
    .map(([, path]) => [...path.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]))

/** Names that a line runs through, looked for pixel by pixel. */
const struck = (boxes: readonly Box[], lines: readonly [number, number][][]): string[] =>
  boxes
    .filter(({ left, right, top, bottom }) =>
      lines.some((line) =>
        line.some(([toX, toY], i) => {
          const [fromX, fromY] = line[Math.max(0, i - 1)]
          const pixels = Math.ceil(Math.hypot(toX - fromX, toY - fromY))
          return Array.from({ length: pixels }, (_, k) => k / pixels).some((share) => {
            const [x, y] = [fromX + share * (toX - fromX), fromY + share * (toY - fromY)]
            return x > left && x < right && y > top && y < bottom
          })
        }),
      ),
    )
    .map(({ text }) => text)

const lawMember = (i: number, flops: number, loss: number): LawMember => ({
  ...{ id: `m${i}`, name: `member ${i}`, colour: '#7e03a8', symbol: 'circle', flopsPerToken: 1e5, curve: null },
  ...{ flops, loss, isExcluded: false, forecast: null },
})

const plain: Omit<LawPlan, 'members' | 'law'> = {
  ...{ xScale: 'log', yScale: 'log', curves: 'none', showBand: true, zoom: null, pixels: 800, convention: '6 N D' },
}

it.each([5, 8, 27, 100])('the law of %i members in one corner', (count) => {
  const random = createRandom(count)
  const members = Array.from({ length: count }, (_, i) => {
    const flops = 1e12 * (1 + random.next())
    return lawMember(i, flops, 3 * (flops / 1e12) ** -0.08)
  })
  const law = lawOf(members.map(({ flops, loss }) => ({ x: flops, y: loss! })))
  const { option } = lawOption(
    { ...plain, ...{ members, law }, xLimit: { from: 1e9, to: 1e13 }, yLimit: { from: 1, to: 12 } },
    lightTheme,
  )!
  const boxes = boxesIn(drawSvg({ option, width: 800, height: 500 }), (text) => text.startsWith('member'))
  expect(boxes.length).toBeGreaterThan(1)
  expect(overlapping(boxes)).toEqual([])
})

it('names drawn again at other places keep apart there too', () => {
  const size = { width: 800, height: 500 }
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size })
  const members = [3, 2.97, 2.5, 2.47].map((loss, i) => lawMember(i, i < 2 ? 1e12 : 4e12, loss))
  const draw = (yLimit: { from: number; to: number }) => {
    const { option } = lawOption({ ...plain, members, law: null, yLimit }, lightTheme)!
    chart.setOption(withNames(option, () => size) as never, { replaceMerge: ['series', 'xAxis', 'yAxis'] })
    return boxesIn(chart.renderToSVGString(), (text) => text.startsWith('member'))
  }
  for (const yLimit of [
    { from: 1, to: 12 },
    { from: 2.4, to: 3.2 },
    { from: 1, to: 5 },
    { from: 2, to: 4 },
  ]) {
    const boxes = draw(yLimit)
    expect(boxes).toHaveLength(4)
    expect(overlapping(boxes)).toEqual([])
  }
  chart.dispose()
})

it('the ends of eight curves that end alike', () => {
  const lines = Array.from({ length: 8 }, (_, i) => {
    const curve = createCurve()
    const at = (step: number) => ({ step, tokens: step, elapsedMs: step, gradientNorm: 1, learningRate: 1 })
    appendSteps(
      curve,
      Array.from({ length: 50 }, (_, k) => ({ ...at(k + 1), loss: 3 + 5 / (k + 1) + i / 1000 })),
    )
    return { id: `r${i}`, name: `member ${i}`, colour: '#7e03a8', symbol: 'circle', curve, flopsPerToken: 1 }
  })
  const { option } = curvesOption(
    {
      ...{ lines, x: 'step', y: 'loss', xScale: 'linear', yScale: 'linear', smoothing: 0, zoom: null, pixels: 800 },
      ...{ showTraining: true, showValidation: false, convention: '6 N D' },
    },
    lightTheme,
  )!
  const boxes = boxesIn(drawSvg({ option, width: 800, height: 500 }), (text) => text.startsWith('member'))
  expect(boxes).toHaveLength(8)
  expect(overlapping(boxes)).toEqual([])
})

it('the measure sees names that do lie on each other', () => {
  const svg = '<text x="10" y="10">member 1</text><text x="20" y="12">member 2</text>'
  expect(overlapping(boxesIn(svg, () => true))).toEqual(['member 1 on member 2'])
})

it('names of a sweep whose larger sizes diverged early', () => {
  const rates = [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]
  const curves = Array.from({ length: 5 }, (_, i): SweepCurve => ({
    ...{ id: `m${i}`, name: `member ${i}`, parameters: 1000 * (i + 1), isLinear: false, valley: null, interval: null },
    points: rates.map((x, k) => {
      const loss = k > 4 - i ? null : 3 - 0.05 * i + 0.1 * Math.abs(k - 2)
      return { x, loss, error: null, losses: loss === null ? [] : [{ seed: 0, loss }] }
    }),
  }))
  const { option } = sweepOption(curves, 'learning rate', () => ({ colour: '#7e03a8', symbol: 'circle' }), lightTheme)!
  const svg = drawSvg({ option, width: 800, height: 400 })
  const boxes = boxesIn(svg, (text) => text.startsWith('member'))
  expect(boxes).toHaveLength(5)
  expect(overlapping(boxes)).toEqual([])
  expect(linesIn(svg).length).toBeGreaterThanOrEqual(4)
  expect(struck(boxes, linesIn(svg))).toEqual([])
})

it.each(['linear', 'constant'])('names at the peaks of %s learning rates', (decay) => {
  const lines = Array.from({ length: 6 }, (_, i) => {
    const peak = 1e-2 * 0.85 ** i
    return {
      ...{ id: `m${i}`, name: `member ${i}`, colour: '#7e03a8' },
      points: [
        [0, 0],
        [5, peak],
        [100, decay === 'linear' ? 0.1 * peak : peak],
      ] as [number, number][],
    }
  })
  const svg = drawSvg({ option: scheduleOption(lines, lightTheme)!.option, width: 600, height: 300 })
  const boxes = boxesIn(svg, (text) => text.startsWith('member'))
  expect(boxes.length).toBeGreaterThan(3)
  expect(overlapping(boxes)).toEqual([])
  expect(struck(boxes, linesIn(svg))).toEqual([])
})

it('the measure sees a line through a name', () => {
  const [name] = boxesIn('<text x="10" y="10">member 1</text>', () => true)
  expect(
    struck(
      [name],
      [
        [
          [0, 0],
          [40, 20],
        ],
      ],
    ),
  ).toEqual(['member 1'])
  expect(
    struck(
      [name],
      [
        [
          [0, 20],
          [40, 20],
        ],
      ],
    ),
  ).toEqual([])
})
