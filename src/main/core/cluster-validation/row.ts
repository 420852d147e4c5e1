// A row of a published table, and what its reader makes of it: trials of a model, a plan and a machine.
import { Fault } from '#shared/fault.ts'
import { gpuPlanDefaults, type GpuPlan } from '#shared/cluster/plan.ts'
import type { Trial } from '#shared/cluster/trial.ts'
import { readModel, type ClusterModel } from '#shared/cluster/transformer.ts'

/** One row, by the names of its columns. Marks such as [O] and [C] are part of a name. */
export type Row = Record<string, unknown>

/** The trials of one row; `all` are the rows of its table. */
export type Reader = (row: Row, index: number, all: readonly Row[]) => Omit<Trial, 'table' | 'row'>[]

export const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
export const need = (row: Row, name: string): number => {
  const value = number(row[name])
  if (value === null)
    throw new Fault('damaged', `A row has no number in its column "${name}": ${JSON.stringify(row).slice(0, 200)}`)
  return value
}
export const nothing = {
  seconds: null,
  bytes: null,
  outOfMemory: null,
  calculonSeconds: null,
  calculonBytes: null,
  assumed: '',
} as const
export const gptOf = (row: Row, more: Partial<ClusterModel>): ClusterModel =>
  readModel({
    id: `${need(row, 'layers')}x${need(row, 'hidden')}x${need(row, 'heads')}`,
    layers: need(row, 'layers'),
    width: need(row, 'hidden'),
    heads: need(row, 'heads'),
    ...more,
  })
export const planOf = (changes: Partial<GpuPlan> & Pick<GpuPlan, 'devices' | 'batch'>): GpuPlan => ({
  ...gpuPlanDefaults,
  ...changes,
})
