// `isoflop fit`: a law through points, with how sure it is of itself.
import { Option, type Command } from 'commander'
import { Fault } from '#shared/fault.ts'
import {
  bootstrapCurve,
  bootstrapSurface,
  type BootstrapOptions,
  type CurveBootstrap,
  type ParameterInterval,
  type SurfaceBootstrap,
} from '#shared/scaling/bootstrap.ts'
import type { CurveFit, CurveObjective, FitStatus } from '#shared/scaling/curve.ts'
import { fitOffsetPowerLaw } from '#shared/scaling/offset-power-law.ts'
import { fitPowerLaw } from '#shared/scaling/power-law.ts'
import { fitSurfaceHuber } from '#shared/scaling/surface-huber.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'
import type { SurfaceFit } from '#shared/scaling/surface.ts'
import type { LawPoint, SurfacePoint } from '#shared/scaling/points.ts'
import { agreeing, lawWarnings, surfaceWarnings } from '#shared/scaling/warnings.ts'
import { table } from './amounts.ts'
import { isoflopAnswer } from './isoflop-text.ts'
import { repeatedAnswer } from './repeated-text.ts'
import { curvePoints, type PointOptions, pointOptions, robustRemark, surfacePoints } from './points.ts'
import type { Answer, CommandContext, CommandPart } from './program.ts'

export const lawForms = ['power', 'offset-power', 'surface', 'surface-huber'] as const
export type LawForm = (typeof lawForms)[number]

export interface FitOptions extends PointOptions {
  form: LawForm | 'isoflop' | 'repeated'
  c?: string
  objective: CurveObjective
  bootstrap?: number
  confidence?: number
  seed?: number
}

/** Points, which law goes through them, and how. */
export const formOptions = (command: Command, forms: readonly string[]): Command =>
  pointOptions(command)
    .addOption(new Option('--form <form>', 'which law').choices(forms).default('offset-power'))
    .addOption(
      new Option('--objective <objective>', 'least squares on the loss or on its logarithm, for offset-power')
        .choices(['loss', 'log-loss'])
        .default('loss'),
    )
    .option('--c <column>', 'compute, for surfaces without a column of tokens: tokens are C / (6 N)')

export const fitCommand: CommandPart = (program, act) => {
  formOptions(program.command('fit').description('fit a scaling law to points of a file, or to the runs of a study'), [
    ...lawForms,
    'isoflop',
    'repeated',
  ])
    .option('--unique <column>', 'different tokens of the text, for repeated')
    .option('--budget <column>', 'compute of a profile, for IsoFLOP profiles')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop fit --points models.csv --x flops --y loss --form offset-power --json
  $ isoflop fit --points runs.csv --n parameters --d tokens --loss loss --form surface-huber --drop-highest 5 --bootstrap 400
  $ isoflop fit --study "First light"
  $ isoflop fit --study Grid --form isoflop
  $ isoflop fit --study Short --form repeated            what reading a text again is worth`,
    )
    .action(act(fit, 'apart'))
}

async function fit(context: CommandContext, options: FitOptions): Promise<Answer> {
  if (options.form === 'isoflop') return isoflopAnswer(context, options, bootstrapOptions(options))
  if (options.form === 'repeated') return repeatedAnswer(context, options, options.confidence)
  const { form } = options
  if (form === 'power' || form === 'offset-power') {
    const { points: given, names, remarks } = await curvePoints(context, options)
    const { points, found, left } = fitPoints(form, given, options, names)
    const bootstrap = curveBootstrap(found, points, options)
    const warnings = lawWarnings(points, found, bootstrap)
    const said = [...unboundedRemarks(bootstrap), ...left, ...robustRemark(warnings, options), ...remarks]
    return {
      document: { ...curveDocument(found, bootstrap), ...(said.length ? { remarks: said } : {}), warnings },
      text: [curveText(found, bootstrap), ...said, ...warnings.map(({ text }) => text)].join('\n'),
    }
  }
  const { points, remarks: said } = await surfacePoints(context, options, options.c)
  const found = fitSurfaceForm(form, points)
  const bootstrap = surfaceBootstrap(found, points, options)
  const remarks = [...bootstrapRemarks(bootstrap), ...said]
  const warnings = surfaceWarnings(points)
  return {
    document: { ...surfaceDocument(found, bootstrap), ...(remarks.length ? { remarks } : {}), warnings },
    text: [surfaceText(found, bootstrap), ...remarks, ...warnings.map(({ text }) => text)].join('\n'),
  }
}

/** Refits unless told otherwise. */
const usualRefits = 400

export const bootstrapOptions = ({
  bootstrap = usualRefits,
  confidence = 0.95,
  seed = 0,
}: FitOptions): BootstrapOptions => ({ resamples: bootstrap, confidence, seed })

/** Throws `bad-input` where y does not fall with x: the best curve is then flat, and its scale no number. */
function fitCurveForm(
  form: 'power' | 'offset-power',
  points: LawPoint[],
  { objective }: FitOptions,
  names: { x: string; y: string },
): CurveFit {
  const found = form === 'power' ? fitPowerLaw(points, names) : fitOffsetPowerLaw(points, { objective, names })
  const { scale } = found.parameters
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new Fault(
      'bad-input',
      `${names.y} does not fall as ${names.x} grows: no power law lies through these points.`,
    )
  return found
}

/** The law of the points, or with `--robust` of those that agree, and a sentence on what was left out. */
export function fitPoints(
  form: 'power' | 'offset-power',
  given: LawPoint[],
  options: FitOptions,
  names: { x: string; y: string },
): { points: LawPoint[]; found: CurveFit; left: string[] } {
  const found = fitCurveForm(form, given, options, names)
  const points = options.robust ? agreeing(given, found) : given
  if (points.length === given.length) return { points, found, left: [] }
  const out = given.filter((point) => !points.includes(point)).map(({ name }, i) => name ?? `point ${i + 1}`)
  return {
    points,
    found: fitCurveForm(form, points, options, names),
    left: [`Left out, because they disagree with the others: ${out.join(', ')}.`],
  }
}

export const fitSurfaceForm = (form: 'surface' | 'surface-huber', points: SurfacePoint[]): SurfaceFit =>
  form === 'surface' ? fitSurface(points) : fitSurfaceHuber(points).fit

export function curveBootstrap(found: CurveFit, points: LawPoint[], options: FitOptions): CurveBootstrap | null {
  const wanted = bootstrapOptions(options)
  if (wanted.resamples === 0) return null
  if (wanted.resamples < 20)
    throw new Fault('bad-input', '--bootstrap: fewer than 20 refits give no interval; 0 leaves them out.')
  const bootstrap = bootstrapCurve(found, points, wanted)
  return bootstrap.parameters ? bootstrap : null
}

export function surfaceBootstrap(
  found: SurfaceFit,
  points: SurfacePoint[],
  options: FitOptions,
): SurfaceBootstrap | null {
  const wanted = bootstrapOptions(options)
  if (wanted.resamples === 0 || points.length <= 5) return null
  if (wanted.resamples < 20)
    throw new Fault('bad-input', '--bootstrap: fewer than 20 refits give no interval; 0 leaves them out.')
  return bootstrapSurface(found.form, found, points, wanted)
}

export function curveDocument(
  { form, objective, parameters, points, sse, residualStd, rSquared, errors, status }: CurveFit,
  bootstrap: CurveBootstrap | null,
) {
  const { scale, exponent, offset } = parameters
  return {
    form,
    objective,
    parameters: { scale, exponent, offset },
    residualStd,
    sse,
    points,
    ...(rSquared === null ? {} : { rSquared, errors }),
    bootstrap: bootstrap && { ...bootstrap.options, noise: bootstrap.noise, parameters: boundedIntervals(bootstrap) },
    status,
  }
}

/** The refits' intervals; null for a parameter that they leave without a bound, as a flat curve leaves its scale. */
function boundedIntervals({ parameters }: CurveBootstrap): Record<string, ParameterInterval | null> {
  const isBounded = (interval: ParameterInterval) => Object.values(interval).every(Number.isFinite)
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, interval]) => [name, isBounded(interval) ? interval : null]),
  )
}

/** Names the parameters whose intervals are left out. */
function unboundedRemarks(bootstrap: CurveBootstrap | null): string[] {
  if (!bootstrap) return []
  const names = Object.entries(boundedIntervals(bootstrap)).flatMap(([name, interval]) => (interval ? [] : [name]))
  return names.length === 0
    ? []
    : [`No interval for ${names.join(' and ')}: some refits of these points leave it without a bound.`]
}

export function surfaceDocument(
  { form, E, A, B, alpha, beta, objective, residualStd, points, status }: SurfaceFit,
  bootstrap: SurfaceBootstrap | null,
) {
  return {
    form,
    parameters: { E, A, B, alpha, beta },
    objective,
    residualStd,
    points,
    sizeExponent: beta / (alpha + beta),
    intervals: bootstrap && bootstrap.intervals,
    bootstrap: bootstrap && { ...bootstrap.options, undetermined: bootstrap.undetermined },
    status,
  }
}

/** What a person must know of the intervals: of which draws they are, or why there are none. */
export function bootstrapRemarks(bootstrap: SurfaceBootstrap | null): string[] {
  if (!bootstrap || bootstrap.undetermined === 0) return []
  const { undetermined, options, intervals } = bootstrap
  const draws = `${undetermined} of ${options.resamples} draws of these points determine no surface: too few different sizes or amounts of tokens`
  return [intervals ? `${draws}. The intervals are of the others.` : `No intervals: ${draws}.`]
}

export const statusWords: Record<FitStatus, string> = {
  converged: 'converged',
  'bound-hit': 'at a bound: the points do not show every term of this law',
  'ill-conditioned':
    'ill-conditioned: other parameters fit almost as well; trust predictions between the points, not the parameters',
  exact: 'exact: as many points as parameters, so nothing is left to judge the fit by',
}

function curveText(found: CurveFit, bootstrap: CurveBootstrap | null): string {
  const { scale, exponent, offset } = found.parameters
  const intervals = bootstrap && boundedIntervals(bootstrap)
  const interval = (name: 'exponent' | 'offset', digits: (value: number) => string) => {
    const found = intervals?.[name]
    return found ? `  (${digits(found.low)} to ${digits(found.high)})` : ''
  }
  return [
    `L(x) = (x / ${scale.toExponential(4)})^${exponent.toFixed(4)}${found.form === 'power' ? '' : ` + ${offset.toFixed(4)}`}`,
    `exponent  ${exponent.toFixed(5)}${interval('exponent', (value) => value.toFixed(4))}`,
    ...(found.form === 'power'
      ? []
      : [`offset    ${offset.toFixed(5)}${interval('offset', (value) => value.toFixed(4))}`]),
    `residuals ${(100 * found.residualStd).toFixed(3)} % over ${found.points} points; ${statusWords[found.status]}`,
  ].join('\n')
}

function surfaceText(found: SurfaceFit, bootstrap: SurfaceBootstrap | null): string {
  const intervals = bootstrap?.intervals
  const rows = (['E', 'A', 'B', 'alpha', 'beta'] as const).map((name) => [
    name,
    found[name].toPrecision(6),
    ...(intervals
      ? [
          intervals[name].standardError.toPrecision(3),
          intervals[name].low.toPrecision(4),
          intervals[name].high.toPrecision(4),
        ]
      : []),
  ])
  return [
    'L(N, D) = E + A / N^alpha + B / D^beta',
    table(['', 'value', ...(intervals ? ['std error', 'from', 'to'] : [])], rows),
    `residuals ${(100 * found.residualStd).toFixed(3)} % over ${found.points} points, objective ${found.objective.toPrecision(8)}; ${statusWords[found.status]}`,
  ].join('\n')
}
