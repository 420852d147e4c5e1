// Who trains in bf16 is known before a run waits for its turn.
import { halfEngines, noHalf } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { RunPlan } from '#shared/run.ts'

/** Throws Fault 'unavailable' where the engine does not train in the recipe's precision. */
export function checkPrecision({ recipe, engine }: Pick<RunPlan, 'recipe' | 'engine'>): void {
  if (recipe.precision === 'bf16' && !halfEngines.includes(engine)) throw new Fault('unavailable', noHalf(engine))
}
