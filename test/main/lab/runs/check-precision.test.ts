import { expect, test } from 'vitest'
import { engineNames, halfEngines } from '#shared/engine.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { checkPrecision } from '#main/lab/runs/check-precision.ts'

const half = { ...defaultRecipe, precision: 'bf16' as const }

test('every engine trains in fp32', () => {
  for (const engine of engineNames) {
    checkPrecision({ recipe: defaultRecipe, engine })
    checkPrecision({ recipe: { ...defaultRecipe, precision: 'fp32' }, engine })
  }
})

test('an engine that has no bf16 is named, with what to do', () => {
  for (const engine of engineNames) {
    const ask = () => checkPrecision({ recipe: half, engine })
    if (halfEngines.includes(engine)) expect(ask).not.toThrow()
    else expect(ask).toThrow(new RegExp(`${engine} computes in fp32 alone.*Choose fp32`))
  }
})
