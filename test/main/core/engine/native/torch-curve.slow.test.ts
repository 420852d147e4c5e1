// Two hundred training steps beside PyTorch: same weights, same batches, the same loss curve (recorded by
// test/fixtures/torch-curve/make.py).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Batch, ModelState } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import type { Precision } from '#shared/engine.ts'
import { listParameters, type Activation, type GptShape } from '#shared/family/shape.ts'

interface Golden {
  shape: GptShape
  rows: number
  steps: number
  adam: AdamSettings
  peak: number
  runs: { activation: Activation; losses: number[]; norms: number[] }[]
  /** How far six such runs under torch.autocast to bfloat16 are from these: at the farthest step, and in the mean. */
  autocast: { activation: Activation; largest: number; mean: number }[]
}

const golden = JSON.parse(readFileSync('test/fixtures/torch-curve/golden.json', 'utf8')) as Golden
const { shape, rows, steps, adam, peak } = golden

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0
  return (x ^ (x >>> 16)) >>> 0
}

function startState(): ModelState {
  const parameters = new Map(
    listParameters(shape).map(({ name, shape: sizes }, tensor) => {
      const isGain = /ln_.\.weight$/.test(name)
      const std = name.startsWith('w') ? 0.05 : 0.1
      const count = sizes.reduce((product, size) => product * size, 1)
      const draw = (i: number) =>
        Math.fround(((mix(tensor * 1048576 + i) >>> 8) / 16777216 - 0.5) * std * Math.sqrt(12)) + (isGain ? 1 : 0)
      return [name, Float32Array.from({ length: count }, (_, i) => draw(i))]
    }),
  )
  return { updates: 0, parameters, firstMoments: new Map(), secondMoments: new Map() }
}

function batchAt(step: number): Batch {
  const { vocabulary, context } = shape
  const inputs: number[] = []
  const targets: number[] = []
  for (let row = 0; row < rows; row++) {
    let token = mix(step * 64 + row) % vocabulary
    for (let t = 0; t <= context; t++) {
      if (t < context) inputs.push(token)
      if (t > 0) targets.push(token)
      const chance = mix((step * 64 + row) * 64 + t + 123456789)
      token = (chance & 0xf00) === 0 ? chance % vocabulary : (5 * token + 7) % vocabulary
    }
  }
  return { inputs: Int32Array.from(inputs), targets: Int32Array.from(targets), rows, columns: context }
}

const rateAt = (step: number) =>
  peak * Math.min(1, (step + 1) / 20) * (1 - (0.9 * Math.max(0, step - 20)) / (steps - 20))

/** Loss and gradient norm of every step. */
async function train(activation: Activation, precision: Precision): Promise<{ losses: number[]; norms: number[] }> {
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
  const engine = createGpt(createNativeKernels({ threads: 2, precision }), 'native', model)
  engine.restore(startState())
  const [losses, norms]: number[][] = [[], []]
  for (let step = 0; step < steps; step++) {
    losses.push(await engine.accumulate(batchAt(step), 1))
    norms.push(await engine.update(rateAt(step), adam))
  }
  engine.dispose()
  return { losses, norms }
}

describe.each(golden.runs)('200 steps of PyTorch, $activation', ({ activation, losses, norms }) => {
  it('have the same loss within 1e-3 at every step', async () => {
    const own = await train(activation, 'fp32')
    for (const [step, loss] of own.losses.entries()) {
      expect(Math.abs(loss - losses[step]), `loss ${loss} at step ${step}, PyTorch has ${losses[step]}`).toBeLessThan(
        1e-3,
      )
      if (step < 20) expect(own.norms[step] / norms[step]).toBeCloseTo(1, 3)
    }
  })

  it('in bf16 are as near to those in fp32 as PyTorch under autocast', async () => {
    const peers = golden.autocast.find((run) => run.activation === activation)!
    const away = (await train(activation, 'bf16')).losses.map((loss, step) => Math.abs(loss - losses[step]))
    // rounding grows over 200 steps, so runs that round elsewhere spread: half again what six of PyTorch's do
    expect(Math.max(...away)).toBeLessThan(1.5 * peers.largest)
    expect(away.reduce((sum, value) => sum + value, 0) / steps).toBeLessThan(1.5 * peers.mean)
  })
})
