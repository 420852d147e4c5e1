// At the base width muP changes nothing but what its own hyper-parameters say.
import { describe, expect, it } from 'vitest'
import { parametrisation } from '#shared/family/parametrisation.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { Parametrisation } from '#shared/family/model.ts'
import { createEngine } from '#main/core/engine/create.ts'
import { checkDeps, engineHere } from './texts.ts'

const shape = { layers: 2, width: 16, heads: 4, context: 16, vocabulary: 257 }
const recipe = { ...defaultRecipe, context: 16, initStd: 0.05, mupBaseWidth: 16, mupEmbeddingScale: 1 }
const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }

async function lossesOf(scales: Parametrisation): Promise<number[]> {
  const engine = await createEngine(
    engineHere,
    { shape, activation: 'gelu', parametrisation: scales, seed: 3 },
    { threads: 1 },
  )
  const { batchAt } = checkDeps(16)
  const losses: number[] = []
  for (let step = 0; step < 8; step++) {
    losses.push(await engine.accumulate(batchAt(step, 4), 1))
    await engine.update(5e-3, adam)
  }
  engine.dispose()
  return losses
}

describe('muP with a width multiplier of 1', () => {
  const standard = parametrisation({ ...recipe, parametrisation: 'standard' }, shape)
  const mup = parametrisation({ ...recipe, parametrisation: 'mup' }, shape)

  it('has the standard scales of the same std but for the attention, which it divides by the head size', () => {
    expect({ ...mup, attentionScale: 0 }).toEqual({ ...standard, attentionScale: 0 })
    expect(mup.attentionScale).toBe(1 / 4)
    expect(standard.attentionScale).toBe(1 / Math.sqrt(4))
  })

  it('learns with the very losses of standard parametrisation with 1 / head size', async () => {
    expect(await lossesOf(mup)).toEqual(await lossesOf({ ...standard, attentionScale: 1 / 4 }))
  })

  it('learns otherwise at another width multiplier', async () => {
    const wider = parametrisation({ ...recipe, parametrisation: 'mup', mupBaseWidth: 8 }, shape)
    expect(await lossesOf(wider)).not.toEqual(await lossesOf(mup))
  })

  it('with heads of one feature, where both attentions scale by 1, learns with the losses of standard parametrisation', async () => {
    const narrow = { ...shape, width: 4 }
    const of = (name: 'standard' | 'mup') =>
      parametrisation({ ...recipe, parametrisation: name, mupBaseWidth: 4 }, narrow)
    expect(of('mup')).toEqual(of('standard'))
  })
})
