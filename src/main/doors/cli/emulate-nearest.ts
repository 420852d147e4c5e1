// What to ask instead where a plan cannot be, or does not fit: the nearest plans, as options.
import type { Nearby } from '#shared/cluster/nearest.ts'
import { Fault } from '#shared/fault.ts'
import { optionNamed } from '#shared/repeat-run.ts'

const optionOf = (field: string, value: unknown): string =>
  typeof value === 'boolean' ? `${value ? '' : 'no '}${optionNamed(field)}` : `${optionNamed(field)} ${String(value)}`

/** `--devices 64; --tensor 4 --pipeline 15`: an alternative each. */
export const nearbyText = <P extends object>(plans: readonly Nearby<P>[]): string =>
  plans.map(({ plan, changes }) => changes.map((field) => optionOf(field, plan[field])).join(' ')).join('; ')

/** The fields in which a plan is another, with their values. */
export const changed = <P extends object>({ plan, changes }: Nearby<P>): Partial<P> =>
  Object.fromEntries(changes.map((field) => [field, plan[field]])) as Partial<P>

/** The answer, or the refusal with the nearest plans beside it. */
export function orNearest<A, P extends object>(answer: () => A, nearest: () => readonly Nearby<P>[]): A {
  try {
    return answer()
  } catch (error) {
    const plans = error instanceof Fault && error.code === 'bad-input' ? nearest() : []
    if (plans.length === 0) throw error
    throw new Fault('bad-input', `${(error as Fault).message} Nearest: ${nearbyText(plans)}.`, { cause: error })
  }
}
