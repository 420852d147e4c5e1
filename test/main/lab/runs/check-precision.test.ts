import { expect, test } from 'vitest'
import { engineNames, halfEngines } from '#shared/engine.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { checkPrecision } from '#main/lab/runs/check-precision.ts'

const half = { ...defaultRecipe, precision: 'bf16' as const }

test('every engine trains in fp32, on a cluster as well', () => {
  for (const engine of engineNames) {
    checkPrecision({ recipe: defaultRecipe, engine })
    checkPrecision({ recipe: { ...defaultRecipe, precision: 'fp32' }, engine, systems: 2 })
  }
})

test('an engine that has no bf16 is named, with what to do', () => {
  for (const engine of engineNames) {
    const ask = () => checkPrecision({ recipe: half, engine })
    if (halfEngines.includes(engine)) expect(ask).not.toThrow()
    else expect(ask).toThrow(new RegExp(`${engine} trains in fp32 alone.*Choose fp32`))
  }
})

test('an emulated cluster trains in fp32, whatever its engine can', () => {
  expect(() => checkPrecision({ recipe: half, engine: 'cuda', systems: 2 })).toThrow(/emulated cluster.*choose fp32/)
})
