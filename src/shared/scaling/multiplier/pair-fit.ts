// Two laws fitted together, by what they are let have of their own.
import { Fault } from '../../fault.ts'
import { fitOffsetPowerLaw } from '../offset-power-law.ts'
import { checkPoints, type ColumnNames, type LawPoint } from '../points.ts'
import { type ComparedLaw, fitGivenAsymptote, leastAlong } from './compared-law.ts'
import type { Repeats } from './repeats.ts'

/**
 * `free`: each its own asymptote. `shared`: one asymptote, which both sets of points choose together. `pinned`: a given
 * one; with the exponent given too only the coefficients are fitted, and the multiplier is the same at every compute.
 */
export type PairForm =
  | { kind: 'free' }
  | { kind: 'shared' }
  | { kind: 'pinned'; asymptote: number; exponent: number | null }

export const pairForms = ['free', 'shared', 'pinned'] as const satisfies readonly PairForm['kind'][]

export interface Pair<T> {
  a: T
  b: T
}

export const both = <T, R>({ a, b }: Pair<T>, use: (one: T, side: 'a' | 'b') => R): Pair<R> => ({
  a: use(a, 'a'),
  b: use(b, 'b'),
})

/** Parameters that each law has of its own, and those that both have together. */
export const ownParameters = (form: PairForm): number =>
  form.kind === 'free' ? 3 : form.kind === 'pinned' && form.exponent !== null ? 1 : 2

export const jointParameters = (form: PairForm): number => (form.kind === 'shared' ? 1 : 0)

/** Throws the sentence that says why these points determine no such laws. */
export function checkPair(
  points: Pair<readonly LawPoint[]>,
  names: Pair<string>,
  form: PairForm,
  columns?: ColumnNames,
): void {
  both(points, (of, side) => {
    const name = names[side]
    try {
      checkPoints(of, 'law of this form', Math.max(2, ownParameters(form)), columns)
    } catch (error) {
      throw error instanceof Fault ? new Fault(error.code, `${name}: ${error.message}`) : error
    }
    if (form.kind !== 'pinned') return
    const lowest = Math.min(...of.map(({ y }) => y))
    if (!(form.asymptote < lowest))
      throw new Fault(
        'bad-input',
        `${name} has reached a loss of ${lowest}, so its law cannot level off at ${form.asymptote}. Pin the asymptote below every loss.`,
      )
  })
}

/** `near` are the laws of nearly the same points, to start at. */
export function fitPair(
  sizes: Pair<readonly Repeats[]>,
  form: PairForm,
  near: Pair<ComparedLaw> | null = null,
): Pair<ComparedLaw> {
  if (form.kind === 'pinned')
    return both(sizes, (of, side) => fitGivenAsymptote(of, form.asymptote, form.exponent, near?.[side].exponent).law)
  if (form.kind === 'free')
    return both(sizes, (of, side) => {
      const { parameters, logCoefficient } = fitOffsetPowerLaw(pointsOf(of), { nearExponent: near?.[side].exponent })
      return { asymptote: parameters.offset, logCoefficient, exponent: -parameters.exponent }
    })
  const fitAt = (asymptote: number) =>
    both(sizes, (of, side) => fitGivenAsymptote(of, asymptote, null, near?.[side].exponent))
  const misfit = (asymptote: number) => {
    const { a, b } = fitAt(asymptote)
    return a.sse + b.sse
  }
  const lowest = Math.min(...sizes.a.map(({ mean }) => mean), ...sizes.b.map(({ mean }) => mean))
  return both(
    fitAt(leastAlong(misfit, 0, lowest * (1 - 1e-6), near ? 12 : 40, near ? 1e-5 * lowest : 1e-9 * lowest)),
    ({ law }) => law,
  )
}

/** Each mean as often as it was trained, so that a size weighs as much as it should. */
const pointsOf = (sizes: readonly Repeats[]): LawPoint[] =>
  sizes.flatMap(({ x, mean: y, count }) => Array.from({ length: count }, () => ({ x, y })))
