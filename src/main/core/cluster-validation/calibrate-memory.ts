// Fits what no formula of tensors gives, the allocator's reserve and its buffers, to measured memory and to which plans
// ran and which ran out.
import { heaviestStage, memoryConstants, type MemoryConstants } from '#shared/cluster/memory.ts'
import { stageLayers } from '#shared/cluster/stages.ts'
import type { Trial } from '#shared/cluster/trial.ts'
import { descend } from './descend.ts'

const free = ['reserveShare', 'keptShare', 'bufferBytes'] as const satisfies readonly (keyof MemoryConstants)[]
type Free = Record<(typeof free)[number], number>

/**
 * A wrong verdict counts this many times its distance from the device's memory; a right one should be right by this
 * share at least.
 */
const verdictWeight = 10
const margin = 0.03

/**
 * Mean absolute log error of measured bytes, and how far verdicts are on the wrong side: a plan that was timed fits,
 * one that ran out does not.
 */
export function memoryObjective(trials: readonly Trial[], constants: MemoryConstants): number {
  let sum = 0
  let rows = 0
  let wrong = 0
  for (const { model, plan, machine, seconds, bytes, outOfMemory } of trials) {
    if (seconds === null && bytes === null && outOfMemory === null) continue
    const { total, least } = heaviestStage(model, plan, stageLayers(model, plan), constants)
    if (bytes !== null) {
      sum += Math.abs(Math.log(Math.min(total, Math.max(machine.memoryBytes, least)) / bytes))
      rows++
    }
    const over = Math.log(least / machine.memoryBytes)
    wrong += outOfMemory === true ? Math.max(0, margin - over) : Math.max(0, over + margin)
  }
  return sum / Math.max(1, rows) + verdictWeight * wrong
}

/** Round numbers, so that a fold does not begin at what all rows taught. */
export const neutralMemory: MemoryConstants = {
  ...memoryConstants,
  reserveShare: 0.1,
  keptShare: 0.05,
  bufferBytes: 2 ** 30,
}

export function calibrateMemory(trials: readonly Trial[], start: MemoryConstants = neutralMemory): MemoryConstants {
  const fitted = descend<Free>(
    Object.fromEntries(free.map((name) => [name, start[name]])) as Free,
    (values) => memoryObjective(trials, { ...start, ...values }),
    { reserveShare: 1, keptShare: 1 },
    60,
  )
  return { ...start, ...fitted }
}
