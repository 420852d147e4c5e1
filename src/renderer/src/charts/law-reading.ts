// What the law chart says about a place, and its points as a table.
import { writeCsv } from '#shared/csv.ts'
import { formatShare, rounded, signedDigits, threeDigits } from '#shared/numbers.ts'
import { evaluateCurve, type CurveFit } from '#shared/scaling/curve.ts'
import { type LossUnit, lossUnitWords } from '#shared/loss-unit.ts'
import type { LawInUnit } from '#shared/scaling/law-times.ts'
import { nearestPoint, type Drawing } from './drawing.ts'
import { familiesOf, type LawMember, type LawPlan } from './law-plan.ts'
import { powerLabel } from './scale.ts'

export interface LawReading {
  /** The member whose point or forecast is under the pointer. */
  member: LawMember | null
  /** Each study's law at that compute; the name of the study where there are several. */
  laws: { name: string | null; y: number; low: number; high: number }[]
}

/** What is at a place of the chart: the nearest point within 24 pixels, and the law with its band at that compute. */
export function readLaw(
  plan: LawPlan,
  { axes }: Drawing,
  x: number,
  y: number,
  plot: { width: number; height: number },
): LawReading {
  const families = familiesOf(plan)
  const points = families.flatMap(({ members }) =>
    members.flatMap((member) => {
      const at = member.loss ?? member.forecast?.y ?? null
      return at === null ? [] : [{ item: member, x: member.flops, y: at }]
    }),
  )
  const laws = families.flatMap(({ name, law }) => {
    if (!law?.fit) return []
    const band = bandAt(law.band, x)
    return band ? [{ name, y: evaluateCurve(law.fit, x), ...band }] : []
  })
  return { member: nearestPoint(points, axes, { x, y }, plot, 24), laws }
}

/** Between its neighbours on a logarithmic axis; null where the law is not drawn, no numbers where it has no band. */
function bandAt(band: LawInUnit['band'], x: number): { low: number; high: number } | null {
  if (band.length === 0) return { low: NaN, high: NaN }
  const after = band.findIndex((point) => point.x >= x)
  if (after < 0 || (after === 0 && band[0].x > x)) return null
  const [a, b] = [band[Math.max(0, after - 1)], band[after]]
  const share = a.x === b.x ? 0 : Math.log(x / a.x) / Math.log(b.x / a.x)
  return { low: a.low + share * (b.low - a.low), high: a.high + share * (b.high - a.high) }
}

/** Members with their points and forecasts, one row each. */
export const lawCsv = (members: readonly LawMember[], convention: string, unit: LossUnit): string =>
  writeCsv(
    [
      'member',
      `training_flops (${convention})`,
      `validation_loss (${lossUnitWords[unit]})`,
      'in_fit',
      `forecast_loss (${lossUnitWords[unit]})`,
      'forecast_low',
      'forecast_high',
      'seeds',
      'loss_spread',
    ],
    members.map(({ name, flops, loss, losses, spread, isExcluded, forecast }) => [
      name,
      flops,
      loss,
      loss !== null && !isExcluded ? 'yes' : 'no',
      forecast?.y,
      forecast?.interval?.low,
      forecast?.interval?.high,
      losses?.length ?? (loss === null ? 0 : 1),
      spread,
    ]),
  )

/** The law as one line: `L = 2.12 + (C / 5.49×10¹¹)^−0.441, exponent −0.46 to −0.42 (95 %), residual 0.289 %`. */
export function lawInWords(
  { parameters: { scale, exponent, offset }, residualStd, status }: CurveFit,
  intervals: LawInUnit['intervals'],
): string {
  const term = `(C / ${powerLabel(rounded(scale))})^${signedDigits(exponent)}`
  const parts = [`L = ${offset === 0 ? term : `${threeDigits(offset)} + ${term}`}`]
  if (intervals)
    parts.push(`exponent ${signedDigits(intervals.exponent.low)} to ${signedDigits(intervals.exponent.high)} (95 %)`)
  if (status !== 'exact') parts.push(`residual ${formatShare(residualStd)}`)
  return parts.join(', ')
}
