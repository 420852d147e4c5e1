// The law of a report: its chart, its numbers with their intervals, and how it did where it could be wrong.
import { flopsConventionNames } from '#shared/family/counting.ts'
import { groupedBy } from '#shared/grouped.ts'
import { formatFlops, formatShare, signedDigits, threeDigits } from '#shared/numbers.ts'
import { evaluateCurve, type CurveFit } from '#shared/scaling/curve.ts'
import { formNames, type Law } from '#shared/scaling/law.ts'
import { meanOf } from '#shared/statistics.ts'
import type { ReportData } from './data.ts'
import { markup, table, type Markup } from './markup.ts'
import { drawPlot } from './plot.ts'
import { verdict, type Findings } from './findings.ts'

const statusSentences: Record<CurveFit['status'], string> = {
  converged: '',
  'bound-hit': 'The points show no floor: the best constant is 0, or the curve lies at the edge of what was searched.',
  'ill-conditioned':
    'Very different parameters fit almost as well: trust the curve between the points, not its numbers.',
  exact: 'As many points as parameters: the fit is exact, so its quality cannot be judged yet.',
}

export function lawSection({ study, points }: ReportData, findings: Findings): Markup {
  const { law, members, lossWords, colourOf } = findings
  const convention = flopsConventionNames[study.recipe.flopsConvention]
  const last = points[points.length - 1]
  const { fit } = law
  const ahead = fit && last ? [last.flops * 10] : []
  const plot = drawPlot({
    title:
      'Loss against training compute: curves while training, filled circles the final validation losses, the dashed line the law with its 95 % band, the hollow circle ten times the largest compute.',
    x: `training compute, FLOPs (${convention})`,
    y: `loss, ${lossWords}`,
    isLog: { x: true, y: true },
    band: law.band,
    lines: [
      ...members.map((run) => ({
        colour: colourOf(run.summary.memberId),
        width: 1,
        points: nearEnd(
          evened(run.curve.map(({ tokens, loss }) => [tokens * run.summary.flopsPerToken, loss] as const)),
        ),
      })),
      ...(law.band.length
        ? [{ colour: 'currentColor', width: 1.5, isDashed: true, points: law.band.map(({ x, y }) => [x, y] as const) }]
        : []),
    ],
    marks: [
      ...points.map(({ memberId, flops, loss, name }) => ({
        colour: colourOf(memberId),
        at: [flops, loss] as const,
        name,
      })),
      ...ahead.map((x) => ({
        colour: 'currentColor',
        at: [x, evaluateCurve(fit!, x)] as const,
        name: `forecast at ${formatFlops(x)}`,
        isHollow: true,
      })),
    ],
  })
  const heldOut = law.heldOut[0]
  return markup`<section><h2>The law</h2>
<p>A scaling law says how the loss falls with training compute C. Each point is the loss of one finished member, in ${lossWords}, on text that was set aside.</p>
${plot}
${fit ? parameters(law, fit, lossWords) : markup`<p>${law.problem ?? 'There is no law yet.'}</p>`}
${heldOut ? markup`<h3>Held out</h3><p>${verdict(heldOut.name, heldOut.y, heldOut.measured, heldOut.error)}${heldOut.interval ? ` The 95 % interval of that prediction was ${heldOut.interval.low.toFixed(3)} to ${heldOut.interval.high.toFixed(3)}, which ${heldOut.isInside ? 'holds' : 'misses'} the measured loss.` : ''}</p>` : null}
</section>`
}

/** Means over every 5 % of compute, back from the end: on a log axis single points would lie on each other there. */
function evened(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const end = points[points.length - 1]?.[0] ?? 0
  const near = groupedBy(points, ([x]) => Math.floor(20 * Math.log(end / x)))
  const mean = (all: readonly (readonly [number, number])[], i: 0 | 1) => meanOf(all.map((point) => point[i]))
  return [...near.values()].map((some) => [mean(some, 0), mean(some, 1)] as const)
}

/** Without the plateau at the start, which would leave no room for what matters: losses up to twice the last. */
function nearEnd(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const end = points[points.length - 1]?.[1] ?? 0
  return points.filter(([, loss]) => loss <= 1.6 * end)
}

function parameters(law: Law, fit: CurveFit, lossWords: string): Markup {
  const { scale, exponent, offset } = fit.parameters
  const interval = (name: 'scale' | 'exponent' | 'offset') => {
    const found = law.intervals?.[name]
    return found
      ? `${name === 'scale' ? formatFlops(found.low) : signedDigits(found.low)} to ${name === 'scale' ? formatFlops(found.high) : signedDigits(found.high)}`
      : '–'
  }
  // Through as many points as parameters any form is exact: that says nothing of its quality.
  const quality =
    fit.status === 'exact'
      ? ''
      : `, residual ${formatShare(fit.residualStd)}${fit.rSquared === null ? '' : `, R² ${fit.rSquared.toFixed(4)}`}`
  const floor = fit.form === 'power' || offset === 0 ? '' : `${threeDigits(offset)} + `
  const rows = [
    ['exponent', 'how fast the loss falls with compute', signedDigits(exponent), interval('exponent')],
    [
      'scale',
      `compute at which the falling part is 1 ${lossWords === 'nats/token' ? 'nat' : 'bit per byte'}`,
      formatFlops(scale),
      interval('scale'),
    ],
    ...(fit.form === 'power'
      ? []
      : [['constant', 'loss that no compute removes', threeDigits(offset), interval('offset')]]),
  ]
  return markup`<p class="formula">L(C) = ${floor}(C / ${formatFlops(scale)})<sup>${signedDigits(exponent)}</sup></p>
<p class="faint">${formNames[fit.form]} through ${fit.points} points${quality}. ${statusSentences[fit.status]}</p>
${table(['parameter', 'meaning', 'fit', '95 % interval'], rows, [2, 3])}`
}
