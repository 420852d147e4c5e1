// Plans near one that cannot be, or that does not fit: what to offer instead of a refusal.
import { estimateChecked } from './estimate.ts'
import type { GpuMachine, WaferMachine } from './machine.ts'
import { allStages, fits } from './memory.ts'
import { checkStreamingPlan, machineComplaint, planComplaint, type GpuPlan, type StreamingPlan } from './plan.ts'
import { searchPlans } from './search.ts'
import type { ClusterModel } from './transformer.ts'

/** Another plan, and the fields in which it is another. */
export interface Nearby<P> {
  plan: P
  changes: (keyof P & string)[]
}

type Values<P> = Partial<Record<keyof P & string, readonly unknown[]>>

/** Devices and batches are offered up to this many times the ones asked for. */
const farthest = 8
const shown = 3

/** Whole numbers within `farthest` times of this one, nearest first, at most so many; the number itself is none. */
function around(value: number, of: readonly number[], most = 12): number[] {
  const distance = (one: number) => Math.abs(Math.log(one / value))
  return [...new Set(of)]
    .filter((one) => one >= 1 && one !== value && distance(one) <= Math.log(farthest))
    .sort((a, b) => distance(a) - distance(b) || a - b)
    .slice(0, most)
}

const upTo = (most: number): number[] => Array.from({ length: Math.max(0, Math.floor(most)) }, (_, i) => i + 1)
const divisors = (value: number): number[] => upTo(value).filter((one) => value % one === 0)
const multiples = (value: number): number[] => upTo(64).map((times) => times * value)

/** Plans that differ in one field, then in two. */
function variations<P extends object>(plan: P, values: Values<P>): Nearby<P>[] {
  const singles = (Object.keys(values) as (keyof P & string)[]).flatMap((field) =>
    values[field]!.map((value) => ({ field, value })),
  )
  const one = singles.map(({ field, value }) => ({ plan: { ...plan, [field]: value }, changes: [field] }))
  const two = singles.flatMap((a, i) =>
    singles
      .slice(i + 1)
      .filter((b) => b.field !== a.field)
      .map((b) => ({ plan: { ...plan, [a.field]: a.value, [b.field]: b.value }, changes: [a.field, b.field] })),
  )
  return [...one, ...two]
}

const farness = <P extends object>(plan: P, { plan: other, changes }: Nearby<P>): number =>
  changes.reduce((sum, field) => {
    const [from, to] = [plan[field], other[field]]
    return sum + (typeof from === 'number' && typeof to === 'number' ? Math.abs(Math.log(to / Math.max(1, from))) : 1)
  }, 0)

/** The nearest of those that can be: with fewer changes first, then with smaller ones; each set of fields once. */
function nearest<P extends object>(plan: P, values: Values<P>, canBe: (plan: P) => boolean): Nearby<P>[] {
  const found = new Map<string, Nearby<P>>()
  const sorted = variations(plan, values).sort(
    (a, b) => a.changes.length - b.changes.length || farness(plan, a) - farness(plan, b),
  )
  for (const one of sorted) {
    const fields = one.changes.join()
    // A change that is enough alone is not offered with another beside it.
    const isMore = one.changes.length > 1 && one.changes.some((field) => found.has(field))
    if (found.has(fields) || isMore || !canBe(one.plan)) continue
    found.set(fields, one)
    if (found.size === shown) break
  }
  return [...found.values()]
}

/** The nearest plans that this model and machine allow; none where the plan itself is allowed. */
export function nearestPlans(model: ClusterModel, plan: GpuPlan, machine: GpuMachine): Nearby<GpuPlan>[] {
  const canBe = (one: GpuPlan) => !planComplaint(model, one) && !machineComplaint(one, machine)
  if (canBe(plan)) return []
  const { devices, tensor, pipeline, interleave, microBatch, batch } = plan
  const group = tensor * pipeline
  const round = (value: number) => [Math.max(1, Math.floor(value)), Math.ceil(value)]
  const perStep = round(devices / group).map((data) => Math.max(1, data) * microBatch)
  return nearest(
    plan,
    {
      devices: around(devices, [...multiples(group), ...upTo(machine.devicesPerNode), ...divisors(devices)]),
      tensor: around(tensor, divisors(model.heads)),
      pipeline: around(pipeline, divisors(model.layers)),
      interleave: around(interleave, divisors(model.layers)),
      microBatch: around(microBatch, upTo(64)),
      batch: around(
        batch,
        perStep.flatMap((one) => round(batch / one).map((times) => times * one)),
      ),
      ...(plan.schedule === '1f1b' ? {} : { schedule: ['1f1b'] }),
      ...(plan.sequenceParallel ? { sequenceParallel: [false] } : {}),
      precision: (['bf16', 'fp16'] as const).filter((one) => one !== plan.precision),
    },
    canBe,
  )
}

/** The nearest streaming plans that this machine allows; none where the plan itself is allowed. */
export function nearestStreamingPlans(plan: StreamingPlan, machine: WaferMachine): Nearby<StreamingPlan>[] {
  const canBe = (one: StreamingPlan): boolean => {
    try {
      checkStreamingPlan(one, machine)
      return true
    } catch {
      return false
    }
  }
  if (canBe(plan)) return []
  const { systems, batch, microBatch } = plan
  const most = machine.maximumSystems
  const perStep = Math.min(systems, most) * microBatch
  return nearest(
    plan,
    {
      systems: around(Math.min(systems, most * farthest), upTo(most)),
      batch: around(batch, [Math.floor(batch / perStep) * perStep, Math.ceil(batch / perStep) * perStep]),
      microBatch: around(microBatch, upTo(batch)),
    },
    canBe,
  )
}

/**
 * Plans that fit where this one does not: what saves memory on the same devices in one or two changes, fastest first;
 * else the fastest plan of any kind on as few devices as hold the model. Empty where the plan fits, or nothing does.
 */
export function fittingPlans(model: ClusterModel, plan: GpuPlan, machine: GpuMachine): Nearby<GpuPlan>[] {
  const isAllowed = (one: GpuPlan) => !planComplaint(model, one) && !machineComplaint(one, machine)
  const isFitting = (one: GpuPlan) => isAllowed(one) && allStages(model, one).every((stage) => fits(stage, machine))
  if (isFitting(plan)) return []
  const savings: Values<GpuPlan> = {
    microBatch: divisors(plan.microBatch).filter((one) => one < plan.microBatch),
    recompute: (['selective', 'full'] as const).filter((one) => one !== plan.recompute && plan.recompute !== 'full'),
    zero: [1, 2, 3].filter((one) => one > plan.zero),
    tensor: divisors(model.heads).filter((one) => one > plan.tensor && one <= machine.devicesPerNode),
    pipeline: divisors(plan.devices).filter((one) => one > plan.pipeline && one <= model.layers),
    ...(plan.sequenceParallel ? {} : { sequenceParallel: [true] }),
    ...(plan.attention === 'flash' ? {} : { attention: ['flash'] }),
  }
  const near = variations(plan, savings).filter((one) => isFitting(one.plan))
  const fewest = Math.min(...near.map(({ changes }) => changes.length))
  if (near.length > 0)
    return near
      .filter(({ changes }) => changes.length === fewest)
      .map((one) => ({ ...one, seconds: estimateChecked(model, one.plan, machine).stepSeconds }))
      .sort((a, b) => a.seconds - b.seconds)
      .slice(0, shown)
      .map(({ plan: other, changes }) => ({ plan: other, changes }))
  const { attention, precision } = plan
  for (let devices = plan.devices; devices <= plan.devices * 64; devices *= 2) {
    const batch = Math.ceil(plan.batch / devices) * devices
    for (const sequences of devices === plan.devices ? [plan.batch] : [plan.batch, batch]) {
      const { best } = searchPlans(model, machine, {
        devices: [devices],
        batch: sequences,
        keep: 1,
        base: { attention, precision },
      })
      if (best[0]) return [{ plan: best[0].plan, changes: changesOf(plan, best[0].plan) }]
    }
  }
  return []
}

const changesOf = <P extends object>(from: P, to: P): (keyof P & string)[] =>
  (Object.keys(to) as (keyof P & string)[]).filter((field) => from[field] !== to[field])
