// Who trains in bf16 is known before a run waits for its turn.
import { halfEngines, noHalf } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { RunPlan } from '#shared/run.ts'

const noHalfCluster = 'An emulated cluster trains in fp32 alone; choose fp32 in the recipe.'

/** Throws Fault 'unavailable' where the engine, or the emulated cluster, does not train in the recipe's precision. */
export function checkPrecision({ recipe, engine, systems }: Pick<RunPlan, 'recipe' | 'engine' | 'systems'>): void {
  if (recipe.precision !== 'bf16') return
  if (systems) throw new Fault('unavailable', noHalfCluster)
  if (!halfEngines.includes(engine)) throw new Fault('unavailable', noHalf(engine))
}
