// What sweeps found: for each size the loss against the field, its optimum, and how that moves with the size.
import { groupedBy } from '../grouped.ts'
import { rounded } from '../numbers.ts'
import type { RunPlan, RunSummary } from '../run.ts'
import { fitLine } from '../scaling/power-law.ts'
import { studentQuantile } from '../scaling/student.ts'
import { type Valley, valleyOf } from '../scaling/valley.ts'
import { meanOf, spreadOf } from '../statistics.ts'
import {
  allBut,
  isLinearField,
  isShapeField,
  sweepFields,
  type SweepField,
  type SweepValue,
  valueIn,
} from './fields.ts'
import { sizeMark } from './plan.ts'

export interface SweepRun {
  run: RunSummary
  plan: RunPlan
}

/** Runs whose plan is known. */
export const sweepRunsOf = (runs: readonly RunSummary[], planOf: ReadonlyMap<string, RunPlan>): SweepRun[] =>
  runs.flatMap((run) => {
    const plan = planOf.get(run.id)
    return plan ? [{ run, plan }] : []
  })

export interface SweepPoint {
  x: SweepValue
  /** Validation loss, nats per token: the mean over the seeds; null where one of them diverged. */
  loss: number | null
  /** Standard error of the mean; null with fewer than two seeds. */
  error: number | null
  losses: { seed: number; loss: number | null }[]
}

export interface SweepCurve {
  /** The member, or the one whose size its shapes keep. */
  id: string
  name: string
  parameters: number
  /** Ascending, words in the order in which they were trained. */
  points: SweepPoint[]
  /** null for words and seeds, and where nothing was trained to its end. */
  valley: Valley | null
  /** 95 % of the optimum over the seeds (Student's t on its logarithm); null with fewer than two, or at the edge. */
  interval: { low: number; high: number } | null
  isLinear: boolean
}

export interface OptimumShift {
  /** Optimum ∝ N^exponent. */
  exponent: number
  intercept: number
  /** 95 % from the scatter of the sizes about the line; null for two sizes. */
  interval: { low: number; high: number } | null
  sizes: number
}

const hasEnded = ({ state, code, validationLoss, origin }: RunSummary): boolean =>
  !origin && ((state === 'finished' && validationLoss !== null) || (state === 'failed' && code === 'diverged'))

const sizeOf = (memberId: string): string => memberId.split(sizeMark)[0]

/** Fields that some size was trained at several values of, all else alike; most values first. */
export function sweptFields(all: readonly SweepRun[]): SweepField[] {
  const count = (field: SweepField) =>
    Math.max(0, ...groupsOf(all, field).map((group) => new Set(group.map(({ plan }) => valueIn(field, plan))).size))
  const counted = sweepFields.map((field) => ({ field, values: count(field) })).filter(({ values }) => values > 1)
  const others = counted.filter(({ field }) => field !== 'seed')
  // seeds are repeats of everything else
  return [...others.sort((a, b) => b.values - a.values), ...counted.filter(({ field }) => field === 'seed')].map(
    ({ field }) => field,
  )
}

/** Of each size the trainings that differ in the field and their seed alone; of several such sets the largest. */
function groupsOf(all: readonly SweepRun[], field: SweepField): SweepRun[][] {
  const isShape = isShapeField(field)
  const shapes = all.filter(({ run }) => run.memberId.includes(sizeMark) === isShape)
  const ended = (isShape ? shapes : all).filter(({ run }) => hasEnded(run))
  const bySize = groupedBy(ended, ({ run }) => (isShape ? sizeOf(run.memberId) : run.memberId))
  return [...bySize.values()].map((of) => {
    const alike = [...groupedBy(of, ({ plan }) => allBut(plan, field)).values()]
    const values = (group: SweepRun[]) => new Set(group.map(({ plan }) => valueIn(field, plan))).size
    return alike.reduce((a, b) => (values(b) >= values(a) ? b : a))
  })
}

/** A curve for each size that has two values or more, smallest first. */
export function sweepCurves(all: readonly SweepRun[], field: SweepField): SweepCurve[] {
  return groupsOf(all, field)
    .flatMap((group): SweepCurve[] => {
      const points = pointsOf(group, field)
      if (points.length < 2) return []
      const isLinear = isLinearField(
        field,
        points.map(({ x }) => x),
      )
      const isNumeric = field !== 'seed' && points.every(({ x }) => typeof x === 'number')
      const valley = isNumeric ? valleyOf(points as (SweepPoint & { x: number })[], isLinear) : null
      const { run } = group[group.length - 1]
      const name = isShapeField(field) ? run.name.split(',')[0] : run.name
      const interval = valley && !valley.isAtEdge ? intervalOf(points, valley, isLinear) : null
      return [{ id: sizeOf(run.memberId), name, parameters: run.parameters, points, valley, interval, isLinear }]
    })
    .sort((a, b) => a.parameters - b.parameters)
}

function pointsOf(group: readonly SweepRun[], field: SweepField): SweepPoint[] {
  const byValue = groupedBy(group, ({ plan }) => valueIn(field, plan)!)
  const points = [...byValue].map(([x, of]): SweepPoint => {
    const bySeed = new Map(of.map(({ run, plan }) => [plan.seed, run.state === 'finished' ? run.validationLoss : null]))
    const losses = [...bySeed].map(([seed, loss]) => ({ seed, loss })).sort((a, b) => a.seed - b.seed)
    const known = losses.flatMap(({ loss }) => (loss === null ? [] : [loss]))
    const isWhole = known.length === losses.length
    const spread = spreadOf(known)
    return {
      x,
      loss: isWhole ? meanOf(known) : null,
      error: isWhole && spread !== null ? spread / Math.sqrt(known.length) : null,
      losses,
    }
  })
  return points.every(({ x }) => typeof x === 'number') ? points.sort((a, b) => Number(a.x) - Number(b.x)) : points
}

/** As wide as the optima of the seeds scatter; none where a seed has its own at the edge or misses a value. */
function intervalOf(points: readonly SweepPoint[], { between }: Valley, isLinear: boolean) {
  const seeds = points[0].losses.map(({ seed }) => seed)
  const own = seeds.map((seed) => {
    const tried = points.map(({ x, losses }) => ({ x: Number(x), found: losses.find((one) => one.seed === seed) }))
    if (tried.some(({ found }) => !found)) return null
    const valley = valleyOf(
      tried.map(({ x, found }) => ({ x, loss: found!.loss })),
      isLinear,
    )
    return valley && !valley.isAtEdge ? valley.between : null
  })
  if (own.length < 2 || own.some((one) => one === null)) return null
  const on = isLinear ? (value: number) => value : Math.log
  const spread = spreadOf(own.map((one) => on(one!)))!
  const half = (studentQuantile(0.05, own.length - 1) * spread) / Math.sqrt(own.length)
  const back = isLinear ? (value: number) => value : Math.exp
  return { low: back(on(between) - half), high: back(on(between) + half) }
}

/** Curves whose optimum lies inside what was tried. */
export const settled = (curves: readonly SweepCurve[]): (SweepCurve & { valley: Valley })[] =>
  curves.filter((curve): curve is SweepCurve & { valley: Valley } => curve.valley !== null && !curve.valley.isAtEdge)

/** How the optimum moves with the size, over the sizes where it is known; null with fewer than two. */
export function shiftOf(curves: readonly SweepCurve[]): OptimumShift | null {
  const known = settled(curves).filter(({ valley }) => valley.between > 0)
  if (new Set(known.map(({ parameters }) => parameters)).size < 2) return null
  const line = fitLine(
    known.map(({ parameters }) => Math.log(parameters)),
    known.map(({ valley }) => Math.log(valley.between)),
  )
  const half = known.length > 2 ? studentQuantile(0.05, known.length - 2) * line.slopeError : null
  return {
    exponent: line.slope,
    intercept: line.intercept,
    interval: half === null ? null : { low: line.slope - half, high: line.slope + half },
    sizes: known.length,
  }
}

const text = (value: number): string => String(rounded(value))

/** What one size says of its optimum, in one sentence for every door. */
export function curveWords({ name, points, valley, interval }: SweepCurve): string {
  if (!valley) return wordsWithoutValley(name, points)
  const of = `${points.length} values`
  if (valley.isAtEdge) {
    const beyond = valley.side === 'low' ? 'smaller' : 'larger'
    return `${name}: the best of ${of}, ${text(valley.x)}, lies at the edge, so the optimum is unknown. Try ${beyond} values.`
  }
  const range = interval ? ` (95 %: ${text(interval.low)} to ${text(interval.high)})` : ''
  return `${name}: optimum at ${text(valley.between)}${range}, loss ${valley.least.toFixed(4)}.`
}

function wordsWithoutValley(name: string, points: readonly SweepPoint[]): string {
  const known = points.filter((point): point is SweepPoint & { loss: number } => point.loss !== null)
  if (known.length === 0) return `${name}: every training diverged.`
  const losses = known.map(({ loss }) => loss)
  if (points.every(({ losses: of, x }) => of.length === 1 && of[0].seed === x)) {
    const spread = spreadOf(losses)
    const noise = spread === null ? '' : `, standard deviation ${spread.toFixed(4)}`
    return `${name}: mean loss ${meanOf(losses).toFixed(4)} over ${losses.length} seeds${noise}.`
  }
  const best = known.reduce((a, b) => (b.loss < a.loss ? b : a))
  return `${name}: ${best.x} has the lowest loss, ${best.loss.toFixed(4)}.`
}

/** What the sizes say together; null where there is no optimum to move. */
export function shiftWords(curves: readonly SweepCurve[]): string | null {
  if (curves.length === 0 || curves.every(({ valley }) => valley === null)) return null
  const shift = shiftOf(curves)
  if (!shift)
    return 'How the optimum moves with size is unknown: it needs two sizes whose optimum is inside the values.'
  const signed = (value: number) => rounded(value).toString().replace('-', '−')
  const line = `Optimum ∝ N^${signed(shift.exponent)} over ${shift.sizes} sizes`
  if (!shift.interval) return `${line}: two sizes fit a line exactly, so nothing says how sure that is.`
  const { low, high } = shift.interval
  const range = `95 %: ${signed(low)} to ${signed(high)}`
  return low > 0 || high < 0
    ? `${line} (${range}): it ${shift.exponent < 0 ? 'falls' : 'rises'} as models grow.`
    : `${line} (${range}): no significant change with size.`
}
