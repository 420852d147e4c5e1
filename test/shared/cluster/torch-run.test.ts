// What is predicted of a run by several processes of PyTorch: the cost model's own answer, and why there is none.
import { describe, expect, it } from 'vitest'
import { planMember } from '#shared/family/plan.ts'
import { modelOf } from '#shared/family/parametrisation.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { findGpuMachine } from '#shared/cluster/presets.ts'
import { predictionError, predictTorch, torchAnswer } from '#shared/cluster/torch-run.ts'

const planOf = (precision: 'fp32' | 'bf16', width = 1024) => {
  const recipe = { ...defaultRecipe, context: 1024, batchTokens: 65_536, precision }
  const member = planMember(
    { id: 'm', name: 'm', layers: 12, width, heads: 16, tokensPerParameter: 20, isEnabled: true },
    { recipe, vocabulary: 50_257 },
    null,
    null,
  )
  return { name: 'm', member, recipe, model: modelOf(member, recipe) }
}
const gpus = (processes: number, perNode = 8) => ({ processes, perNode, device: 'cuda' }) as const

describe('the prediction of a run by PyTorch', () => {
  it('is the step of the cost model, times the steps', () => {
    const plan = planOf('bf16')
    const { stepSeconds } = torchAnswer(plan, gpus(4), findGpuMachine('h100'))
    expect(predictTorch(plan, gpus(4), 'h100').seconds).toBeCloseTo(stepSeconds * plan.member.steps)
  })
  it('is shorter with more GPUs, and longer in fp32 than in bf16', () => {
    const seconds = (precision: 'fp32' | 'bf16', processes: number) =>
      predictTorch(planOf(precision), gpus(processes), 'a100-80').seconds!
    expect(seconds('bf16', 8)).toBeLessThan(seconds('bf16', 1))
    expect(seconds('fp32', 1)).toBeGreaterThan(2 * seconds('bf16', 1))
    // No product is faster than the peak: 6 FLOPs a parameter and token is the least.
    const { member } = planOf('fp32')
    expect(seconds('fp32', 1)).toBeGreaterThan(member.flops.sixNd / 19.5e12)
  })
  it('says why there is none', () => {
    expect(predictTorch(planOf('bf16'), { ...gpus(2), device: 'cpu' }, 'h100').trouble).toContain('CPUs')
    expect(predictTorch(planOf('bf16'), gpus(2), null).trouble).toContain('--gpu')
    expect(predictTorch(planOf('bf16'), gpus(2), 'v100').trouble).toContain('bf16')
  })
  it('is off by a share of what it took', () => {
    expect(predictionError(90, 100)).toBeCloseTo(-0.1)
  })
})
