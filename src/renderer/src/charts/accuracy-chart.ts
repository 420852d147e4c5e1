// What models do on a task against the compute of their training: one's own with error bars, published families in
// grey, the line of guessing.
import { writeCsv } from '#shared/csv.ts'
import { publishedResults } from '#shared/evaluation/published.ts'
import { gridLines } from './axis.ts'
import { drawing, nearestPoint, outlined, pointStyle, still, type Drawing } from './drawing.ts'
import { apart } from './label-layout.ts'
import { areaSeries, lineSeries } from './law-series.ts'
import type { Overlay } from './overlays.ts'
import { extent, padded, position, type Range } from './scale.ts'
import type { ChartTheme } from './theme.ts'
import { rounded } from '#shared/numbers.ts'

export interface AccuracyPoint {
  id: string
  name: string
  colour: string
  symbol: string
  /** An earlier checkpoint. */
  isHollow: boolean
  /** Of the study's own family, and joined by its line. */
  isMember: boolean
  flops: number
  value: number
  stderr: number | null
  items: number
}

/** A forecast along compute: what is expected, and where one new training would score. */
export interface AccuracyForecast {
  x: number
  y: number
  low: number
  high: number
}

export interface AccuracyPlan {
  points: readonly AccuracyPoint[]
  /** From the loss, beyond the largest point; empty where there is none. */
  forecast?: readonly AccuracyForecast[]
  published: readonly Overlay[]
  /** What guessing gives; null where it gives nothing, or for perplexities. */
  chance: number | null
  /** "acc, HellaSwag, 0 examples" */
  name: string
  /** Stays within 0 and 1. */
  isShare: boolean
  convention: string
  zoom: { x: Range; y?: Range } | null
}

/** The mean over the seven tasks, as the published tables have it. */
export const meanOfSeven = 'mean'
export const publishedTasks = Object.keys(publishedResults.results[0].acc)
export const publishedFamilies = [...new Set(publishedResults.results.map(({ family }) => family))]
/** Of figure 4 of the announcement; the others are drawn when asked for. */
export const usualFamilies = ['Cerebras-GPT', 'Pythia', 'GPT-NeoX', 'GPT-J', 'OPT']

/** `acc` of whole families on a task, by the number of examples they were given; none where nothing was published. */
export function publishedOverlays(task: string, shots: number, families: readonly string[]): Overlay[] {
  return publishedFamilies
    .filter((family) => families.includes(family))
    .flatMap((family): Overlay[] => {
      const points = publishedResults.results
        .filter((one) => one.family === family && one.shots === shots)
        .flatMap(({ model, flops, acc, average }) => {
          const y = task === meanOfSeven ? average : acc[task]
          return y === undefined ? [] : [{ x: flops, y, name: `${family} ${model}` }]
        })
      points.sort((a, b) => a.x - b.x)
      return points.length
        ? [
            {
              id: family,
              name: family,
              kind: 'family',
              points,
              source: publishedResults.source,
              loss: publishedResults.metric,
              differences: [],
            },
          ]
        : []
    })
}

const dashes: (string | number[])[] = ['solid', [7, 4], [2, 3], [9, 3, 2, 3], [4, 4], [1, 4], [12, 4]]
const symbols = ['circle', 'rect', 'triangle', 'diamond']

/** Null while there is nothing to draw. */
export function accuracyOption(plan: AccuracyPlan, theme: ChartTheme): Drawing | null {
  const { points, published, chance, isShare, forecast = [] } = plan
  if (!points.length && !published.length) return null
  const all = published.flatMap((overlay) => overlay.points)
  const xs = extent('log', [
    ...points.map(({ flops }) => flops),
    ...all.map(({ x }) => x),
    ...forecast.map(({ x }) => x),
  ])
  if (!xs) return null
  const bars = points.flatMap(({ value, stderr }) => [value - (stderr ?? 0), value + (stderr ?? 0)])
  const ys = extent('linear', [
    ...bars,
    ...all.map(({ y }) => y),
    ...forecast.flatMap(({ low, high }) => [low, high]),
    ...(chance === null ? [] : [chance]),
  ])!
  const air = padded(ys, 'linear', 0.08)
  const axes = {
    x: {
      name: `training compute, FLOPs (${plan.convention})`,
      kind: 'log' as const,
      range: plan.zoom?.x ?? padded(xs, 'log', 0.06),
    },
    y: {
      name: plan.name,
      kind: 'linear' as const,
      range:
        plan.zoom?.y ??
        (isShare ? { from: Math.max(0, air.from), to: Math.min(1, Math.max(air.to, air.from + 0.1)) } : air),
    },
  }
  const spot = (x: number, y: number): [number, number] => [position(x, 'log'), y]
  const words = { ...outlined(theme), color: theme.faint }

  const series: object[] = [gridLines('y', axes.y, theme), gridLines('x', axes.x, theme)]
  if (chance !== null) {
    series.push({
      ...still,
      id: 'chance',
      type: 'line',
      symbol: 'none',
      z: 1,
      data: [spot(axes.x.range.from, chance), spot(axes.x.range.to, chance)],
      lineStyle: { color: theme.neutral, width: 1, type: [3, 4] },
      endLabel: {
        ...words,
        show: true,
        formatter: `chance ${rounded(chance)}`,
        align: 'right',
        verticalAlign: 'top',
        offset: [-4, 4],
      },
    })
  }
  published.forEach((overlay) => {
    const place = publishedFamilies.indexOf(overlay.id)
    const isFilled = place < symbols.length // the others are hollow ones
    series.push({
      ...still,
      id: `published ${overlay.id}`,
      name: overlay.name,
      type: 'line',
      z: 2,
      data: overlay.points.map(({ x, y }) => spot(x, y)),
      symbol: symbols[place % symbols.length],
      symbolSize: isFilled ? 6 : 7,
      showAllSymbol: true,
      lineStyle: { color: theme.neutral, width: 1, type: dashes[place % dashes.length], opacity: 0.8 },
      itemStyle: {
        color: isFilled ? theme.neutral : theme.surface,
        borderColor: theme.neutral,
        borderWidth: isFilled ? 0 : 1.5,
        opacity: 1,
      },
      endLabel: { ...words, show: true, formatter: overlay.name, distance: 6 },
      labelLayout: apart,
    })
  })
  if (forecast.length)
    series.push(
      areaSeries('forecast band', forecast, theme.band, spot),
      lineSeries(
        'forecast',
        3,
        forecast.map(({ x, y }) => spot(x, y)),
        { color: theme.law, width: 1.5, type: 'dashed' },
      ),
    )
  const members = points.filter(({ isMember, isHollow }) => isMember && !isHollow).sort((a, b) => a.flops - b.flops)
  if (members.length > 1)
    series.push({
      ...still,
      id: 'members',
      type: 'line',
      symbol: 'none',
      z: 3,
      data: members.map(({ flops, value }) => spot(flops, value)),
      lineStyle: { color: theme.law, width: 1.25, opacity: 0.55 },
    })
  for (const point of points) {
    const { id, name, colour, flops, value, stderr, isHollow } = point
    const label = { ...outlined(theme), show: true, position: 'top', distance: stderr ? 3 : 8, formatter: name }
    if (stderr) {
      series.push({
        ...still,
        id: `${id} error`,
        type: 'line',
        symbol: 'rect',
        symbolSize: [9, 1.5],
        showAllSymbol: true,
        z: 4,
        data: [spot(flops, value - stderr), { value: spot(flops, value + stderr), label }],
        labelLayout: apart,
        lineStyle: { color: colour, width: 1.5 },
        itemStyle: { color: colour },
      })
    }
    series.push({
      ...still,
      id: `${id} point`,
      name,
      type: 'scatter',
      z: 5,
      data: [spot(flops, value)],
      ...pointStyle(point.symbol, colour, isHollow, theme),
      // with an error its name stands above the bar
      // a name that stood at the point before would stay there, were it not hidden
      ...(stderr ? { label: { show: false } } : { label, labelLayout: apart }),
    })
  }
  return drawing(axes, theme, series, { right: published.length ? 92 : 28, top: 24 })
}

/** One's own point under the pointer, within 24 pixels. */
export const readAccuracy = (
  { points }: AccuracyPlan,
  { axes }: Drawing,
  x: number,
  y: number,
  plot: { width: number; height: number },
): AccuracyPoint | null =>
  nearestPoint(
    points.map((point) => ({ item: point, x: point.flops, y: point.value })),
    axes,
    { x, y },
    plot,
    24,
  )

/** Own and published points alike, a row each, with where they are from. */
export function accuracyCsv(
  { points, published, chance, convention }: AccuracyPlan,
  { task, metric, shots, study }: { task: string; metric: string; shots: number; study: string },
): string {
  const source = `${study}; FLOPs: ${convention}`
  return writeCsv(
    ['model', 'task', 'metric', 'shots', 'training_flops', 'value', 'stderr', 'items', 'chance', 'source'],
    [
      ...points.map((one) => [
        one.name,
        task,
        metric,
        shots,
        one.flops,
        one.value,
        one.stderr,
        one.items,
        chance,
        source,
      ]),
      ...published.flatMap((family) =>
        family.points.map(({ x, y, name }) => [name, task, 'acc', shots, x, y, null, null, chance, family.source]),
      ),
    ],
  )
}
