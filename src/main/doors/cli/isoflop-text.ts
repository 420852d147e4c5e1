// What `isoflop fit --form isoflop` answers: every budget's minimum, and how the best size grows.
import type { BootstrapOptions, Interval } from '#shared/scaling/bootstrap.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { isoflopIntervals } from '#shared/scaling/isoflop-intervals.ts'
import { table } from './amounts.ts'
import { isoflopPoints, type PointOptions } from './points.ts'
import type { Answer, CommandContext } from './program.ts'

export async function isoflopAnswer(
  context: CommandContext,
  options: PointOptions,
  bootstrap: BootstrapOptions,
): Promise<Answer> {
  const { points: gathered, remarks } = await isoflopPoints(context, options)
  const fit = fitIsoflops(gathered)
  const intervals = isoflopIntervals(gathered, fit, bootstrap)
  const { profiles, size, tokens, warning } = fit
  const number = (value: number) => (Number.isFinite(value) ? value : null)
  const document = {
    form: 'isoflop',
    warning,
    ...(remarks.length ? { remarks } : {}),
    size,
    tokens,
    intervals: intervals && {
      ...bootstrap,
      noise: intervals.noise,
      sizeExponent: intervals.size,
      tokensExponent: intervals.tokens,
    },
    profiles: profiles.map((one) => ({
      ...one,
      parameters: number(one.parameters),
      tokens: number(one.tokens),
      loss: number(one.loss),
      curvature: number(one.curvature),
      intervals: intervals?.vertices.get(one.budget) ?? null,
    })),
  }
  const rows = profiles.map(({ budget, points, parameters, loss, rejection }) => {
    const vertex = intervals?.vertices.get(budget)
    return [
      budget.toExponential(2),
      String(points),
      rejection ? '' : parameters.toExponential(3),
      vertex ? rangeText(vertex.parameters, (value) => value.toExponential(2)) : '',
      rejection ? '' : loss.toFixed(4),
      rejection ?? '',
    ]
  })
  const share = `${(100 * bootstrap.confidence).toPrecision(3)} %`
  const slope = size
    ? `N* ~ C^${size.slope.toFixed(3)}${intervals?.size ? ` (${share}: ${rangeText(intervals.size, (value) => value.toFixed(3))})` : ` ± ${size.slopeError.toFixed(3)}`}`
    : 'Too few usable profiles for a line through their minima.'
  return {
    document,
    text: [table(['budget', 'points', 'best size', share, 'loss', ''], rows), slope, ...remarks, warning].join('\n'),
  }
}

const rangeText = ({ low, high }: Interval, digits: (value: number) => string): string =>
  `${digits(low)} to ${digits(high)}`
