// Parity with PyTorch: transformers' GPT2LMHeadModel and torch's AdamW, as recorded in test/fixtures/gpt2-tiny by its
// make.py.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Batch, ModelState } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import type { Activation, GptShape } from '#shared/family/shape.ts'
import { distance } from './numbers.ts'

interface Golden {
  shape: GptShape
  adam: AdamSettings
  rows: number
  runs: {
    activation: Activation
    start: Record<string, number[]>
    logits: number[]
    gradients: Record<string, number[]>
    steps: { rate: number; inputs: number[]; targets: number[]; loss: number; norm: number }[]
    end: Record<string, number[]>
  }[]
}

const golden = JSON.parse(readFileSync('test/fixtures/gpt2-tiny/golden.json', 'utf8')) as Golden

describe.each(golden.runs)(
  'PyTorch and the reference agree ($activation)',
  ({ activation, start, logits, gradients, steps, end }) => {
    const { shape, adam, rows } = golden
    const model: ModelPlan = {
      shape,
      activation,
      seed: 0,
      parametrisation: {
        embeddingScale: 1,
        attentionScale: 1 / Math.sqrt(shape.width / shape.heads),
        outputScale: 1,
        initStd: { embedding: 0.02, position: 0.02, matrix: 0.02, residual: 0.01 },
        learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
      },
    }
    const startState: ModelState = {
      updates: 0,
      parameters: new Map(Object.entries(start).map(([name, values]) => [name, Float32Array.from(values)])),
      firstMoments: new Map(),
      secondMoments: new Map(),
    }
    const batches = steps.map(({ inputs, targets }): Batch => ({
      inputs: Int32Array.from(inputs),
      targets: Int32Array.from(targets),
      rows,
      columns: shape.context,
    }))
    const createEngine = () => {
      const engine = createGpt(createReferenceKernels(), 'reference', model)
      engine.restore(startState)
      return engine
    }

    it('on the logits', async () => {
      expect(distance(await createEngine().logits(batches[0]), logits)).toBeLessThan(1e-5)
    })

    it('on the loss and every gradient', async () => {
      const engine = createEngine()
      expect(await engine.accumulate(batches[0], 1)).toBeCloseTo(steps[0].loss, 5)
      // moves nothing; the first moments are now the gradients
      await engine.update(0, { ...adam, beta1: 0, clipNorm: 0 })
      const { firstMoments } = await engine.snapshot()
      const largest = Math.max(...Object.values(gradients).flat().map(Math.abs))
      for (const [name, values] of firstMoments) {
        const apart = gradients[name].reduce((most, g, i) => Math.max(most, Math.abs(g - values[i])), 0)
        expect(apart / largest, name).toBeLessThan(1e-5)
      }
      expect([...firstMoments.keys()].sort()).toEqual(Object.keys(gradients).sort())
    })

    it('on losses, norms and weights over four clipped AdamW steps', async () => {
      const engine = createEngine()
      for (const [i, { rate, loss, norm }] of steps.entries()) {
        expect(Math.abs((await engine.accumulate(batches[i], 1)) - loss)).toBeLessThan(1e-4)
        const measured = await engine.update(rate, adam)
        expect(Math.abs(measured - norm) / norm).toBeLessThan(1e-4)
      }
      const { parameters } = await engine.snapshot()
      for (const [name, values] of parameters) {
        // The keys' share of c_attn.bias has no gradient (softmax does not see it); Adam turns its rounding noise into
        // whole steps.
        const isSeen = (i: number) => !name.endsWith('c_attn.bias') || Math.floor(i / shape.width) !== 1
        const apart = end[name].reduce((most, w, i) => Math.max(most, isSeen(i) ? Math.abs(w - values[i]) : 0), 0)
        expect(apart, name).toBeLessThan(1e-4)
      }
    })
  },
)
