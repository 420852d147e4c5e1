// The model itself, on the reference kernels: its gradient, its causality, its memory of what it read, and its
// repeatability.
import { describe, expect, it } from 'vitest'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Engine, ModelState } from '#main/core/engine/engine.ts'
import { initialWeights } from '#main/core/engine/init.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { countParameters, listParameters } from '#shared/family/shape.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { distance } from './numbers.ts'
import { adam, randomBatch, tinyModel } from './tiny.ts'

const createModel = (model: ModelPlan, precision: 'single' | 'double' = 'single') =>
  createGpt(createReferenceKernels(precision), 'reference', model)

/** The gradients gathered so far, read off the first moments of an update that moves nothing; clears them. */
async function gradients(engine: Engine): Promise<Map<string, Float32Array>> {
  await engine.update(0, { ...adam, beta1: 0, clipNorm: 0 })
  return (await engine.snapshot()).firstMoments
}

describe('the gradient of the whole model', () => {
  it.each(['gelu', 'gelu_new'] as const)('is the slope of the loss in every parameter (%s)', async (activation) => {
    const model = tinyModel({ activation, shape: { layers: 2, width: 6, heads: 2, context: 4, vocabulary: 5 } })
    const engine = createModel(model, 'double')
    const batch = randomBatch(model, 2)
    const state = await engine.snapshot()
    await engine.accumulate(batch, 1)
    const exact = await gradients(engine)
    const h = 1e-5
    for (const [name, values] of state.parameters) {
      const numeric: number[] = []
      for (let i = 0; i < values.length; i++) {
        const lossAt = async (value: number) => {
          const was = values[i]
          values[i] = value
          engine.restore({ ...state, firstMoments: new Map(), secondMoments: new Map() })
          values[i] = was
          return engine.loss(batch)
        }
        numeric.push(((await lossAt(values[i] + h)) - (await lossAt(values[i] - h))) / (2 * h))
      }
      const largest = Math.max(...numeric.map(Math.abs))
      // Keys' biases shift all scores of a query alike: their gradient is zero and only rounding is left to compare.
      if (largest > 1e-9) expect(distance(exact.get(name)!, numeric), name).toBeLessThan(1e-6)
    }
  })

  it('has a norm that can be asked for between two updates, which leaves no trace', async () => {
    const model = tinyModel()
    const [asked, plain] = [createModel(model), createModel(model)]
    for (const seed of [3, 4]) {
      const [probe, batch] = [randomBatch(model, 1, undefined, seed), randomBatch(model, 3, undefined, seed + 10)]
      const norm = await asked.gradientNorm!(probe)
      const other = createModel(model)
      other.restore(await plain.snapshot())
      await other.accumulate(probe, 1)
      expect(norm).toBe(await other.update(1e-3, adam))
      for (const engine of [asked, plain]) await engine.accumulate(batch, 1)
      expect(await asked.update(1e-3, adam)).toBe(await plain.update(1e-3, adam))
    }
    expect(await asked.snapshot()).toEqual(await plain.snapshot())
  })

  it('adds up over micro-batches, weighted by their share of the step', async () => {
    const model = tinyModel()
    const whole = randomBatch(model, 4)
    whole.targets.fill(3)
    const part = (from: number, rows: number) => ({
      inputs: whole.inputs.subarray(from * 7, (from + rows) * 7),
      targets: whole.targets.subarray(from * 7, (from + rows) * 7),
      rows,
      columns: 7,
    })
    const [one, two] = [createModel(model), createModel(model)]
    const loss = await one.accumulate(whole, 1)
    const losses = [await two.accumulate(part(0, 3), 0.75), await two.accumulate(part(3, 1), 0.25)]
    expect(0.75 * losses[0] + 0.25 * losses[1]).toBeCloseTo(loss, 6)
    const [a, b] = [await gradients(one), await gradients(two)]
    for (const [name, values] of a) expect(distance(b.get(name)!, values), name).toBeLessThan(1e-4)
  })
})

it('holds exactly the parameters that are counted, each in its shape', async () => {
  for (const shape of [
    tinyModel().shape,
    { layers: 1, width: 8, heads: 1, context: 3, vocabulary: 300 },
    { layers: 3, width: 20, heads: 5, context: 64, vocabulary: 17 },
  ]) {
    const { parameters } = await createModel(tinyModel({ shape })).snapshot()
    expect([...parameters.values()].reduce((sum, values) => sum + values.length, 0)).toBe(countParameters(shape))
    expect([...parameters.keys()]).toEqual(listParameters(shape).map(({ name }) => name))
  }
})

it('a token never sees the ones after it', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  const { inputs } = randomBatch(model, 1)
  const before = await engine.logits({ inputs, rows: 1, columns: 7 })
  for (let changed = 0; changed < 7; changed++) {
    const other = inputs.slice()
    other[changed] = (other[changed] + 1) % model.shape.vocabulary
    const after = await engine.logits({ inputs: other, rows: 1, columns: 7 })
    const V = model.shape.vocabulary
    expect(after.subarray(0, changed * V)).toEqual(before.subarray(0, changed * V))
    for (let t = changed; t < 7; t++)
      expect(after.subarray(t * V, (t + 1) * V)).not.toEqual(before.subarray(t * V, (t + 1) * V))
  }
})

it('sequences of a batch do not see each other', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  const { inputs } = randomBatch(model, 3)
  const together = await engine.logits({ inputs, rows: 3, columns: 7 })
  const alone = await engine.logits({ inputs: inputs.slice(7, 14), rows: 1, columns: 7 })
  expect(together.slice(7 * 13, 14 * 13)).toEqual(alone)
})

it('a continuation gives the logits of the whole text, however it is fed', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  const { inputs } = randomBatch(model, 1)
  const all = await engine.logits({ inputs, rows: 1, columns: 7 })
  for (const pieces of [[7], [1, 1, 1, 1, 1, 1, 1], [3, 1, 2, 1]]) {
    const continuation = engine.continuation()
    let fed = 0
    for (const piece of pieces) {
      const logits = await continuation.feed(inputs.subarray(fed, fed + piece))
      fed += piece
      expect(continuation.length).toBe(fed)
      expect(distance(logits, all.subarray((fed - 1) * 13, fed * 13))).toBeLessThan(1e-6)
    }
    await expect(continuation.feed(Int32Array.of(1))).rejects.toThrow('7 + 1 tokens do not fit the context of 7')
    continuation.dispose()
  }
})

it('scores every target with the probability that the loss is made of', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  const batch = randomBatch(model, 3)
  const scores = await engine.score(batch)
  const scored = scores.filter((_, n) => batch.targets[n] >= 0)
  expect(-scored.reduce((sum, { logProbability }) => sum + logProbability, 0) / scored.length).toBeCloseTo(
    await engine.loss(batch),
    5,
  )
  const logits = await engine.logits(batch)
  scores.forEach(({ isGreedy }, n) => {
    const row = [...logits.subarray(n * 13, (n + 1) * 13)]
    expect(isGreedy).toBe(row.indexOf(Math.max(...row)) === batch.targets[n])
  })
  expect(await engine.accumulate(batch, 1)).toBe(await engine.loss(batch))
})

it('two equal runs are equal bit for bit, and so is one that was stored and restored half way', async () => {
  const model = tinyModel()
  const run = async (steps: number[], state?: ModelState) => {
    const engine = createModel(model)
    if (state) engine.restore(state)
    const seen: number[] = []
    for (const step of steps)
      seen.push(await engine.accumulate(randomBatch(model, 2, 7, step), 1), await engine.update(0.01, adam))
    return { seen, state: await engine.snapshot() }
  }
  const whole = await run([0, 1, 2, 3, 4, 5])
  expect(await run([0, 1, 2, 3, 4, 5])).toEqual(whole)
  const first = await run([0, 1, 2])
  const second = await run([3, 4, 5], first.state)
  expect([...first.seen, ...second.seen]).toEqual(whole.seen)
  expect(second.state).toEqual(whole.state)
  expect(second.state.updates).toBe(6)
})

it('weights alone can be restored, for reading', async () => {
  const model = tinyModel()
  const trained = createModel(model)
  await trained.accumulate(randomBatch(model, 2), 1)
  await trained.update(0.01, adam)
  const reader = createModel({ ...model, seed: 99 })
  const { parameters, updates } = await trained.snapshot()
  reader.restore({ updates, parameters, firstMoments: new Map(), secondMoments: new Map() })
  const batch = randomBatch(model, 2, 7, 8)
  expect(await reader.loss(batch)).toBe(await trained.loss(batch))
})

it('a model that only reads holds its weights and nothing more', () => {
  const model = tinyModel()
  expect(createModel(model).memory().currentBytes).toBe(4 * countParameters(model.shape))
})

it('clips the gradient to the norm asked for, and stops with a sentence when it is no number', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  await engine.accumulate(randomBatch(model, 2), 1)
  const free = await gradients(engine)
  const norm = Math.sqrt([...free.values()].reduce((sum, values) => sum + values.reduce((s, g) => s + g * g, 0), 0))
  const clipped = createModel(model)
  await clipped.accumulate(randomBatch(model, 2), 1)
  expect(await clipped.update(0, { ...adam, beta1: 0, clipNorm: norm / 4 })).toBeCloseTo(norm, 4)
  for (const [name, values] of (await clipped.snapshot()).firstMoments) {
    expect(
      distance(
        values,
        free.get(name)!.map((g) => g / 4),
      ),
      name,
    ).toBeLessThan(1e-5)
  }
  const state = await engine.snapshot()
  state.parameters.get('ln_f.weight')!.fill(NaN)
  engine.restore(state)
  await engine.accumulate(randomBatch(model, 2), 1)
  await expect(engine.update(0.01, adam)).rejects.toMatchObject({ code: 'diverged' })
})

it('refuses batches that do not fit, with the numbers', async () => {
  const model = tinyModel()
  const engine = createModel(model)
  const batch = randomBatch(model, 2)
  await expect(engine.loss({ ...batch, rows: 3 })).rejects.toThrow('14 tokens are not 3 rows of 7')
  await expect(engine.loss({ ...batch, rows: 1, columns: 14 })).rejects.toThrow('longer than the context of 7')
  await expect(engine.loss({ ...batch, inputs: batch.inputs.map(() => 13) })).rejects.toThrow(
    'token 13 is outside a vocabulary of 13',
  )
  await expect(engine.loss({ ...batch, targets: batch.targets.map(() => 13) })).rejects.toThrow('target 13 is outside')
  await expect(engine.accumulate({ ...batch, targets: batch.targets.map(() => -1) }, 1)).rejects.toThrow(
    'without a single scored target',
  )
})

describe('initial weights', () => {
  it('have the spread their kind asks for, cut at two standard deviations', () => {
    const model = tinyModel({ shape: { layers: 1, width: 64, heads: 2, context: 64, vocabulary: 200 } })
    const weights = initialWeights(model)
    const spread = (name: string) => {
      const values = weights.get(name)!
      return {
        std: Math.sqrt(values.reduce((sum, w) => sum + w * w, 0) / values.length),
        largest: values.reduce((a, w) => Math.max(a, Math.abs(w)), 0),
      }
    }
    const { initStd } = model.parametrisation
    const cut = 0.8796 // standard deviation of a standard normal cut at 2
    for (const [name, std] of [
      ['wte.weight', initStd.embedding],
      ['wpe.weight', initStd.position],
      ['h.0.mlp.c_fc.weight', initStd.matrix],
      ['h.0.attn.c_proj.weight', initStd.residual],
    ] as const) {
      expect(spread(name).std / (cut * std), name).toBeGreaterThan(0.96)
      expect(spread(name).std / (cut * std), name).toBeLessThan(1.04)
      expect(spread(name).largest).toBeLessThanOrEqual(2 * std * (1 + 1e-6))
    }
    expect(new Set(weights.get('h.0.ln_1.weight'))).toEqual(new Set([1]))
    expect(new Set([...weights.get('h.0.ln_1.bias')!, ...weights.get('h.0.attn.c_attn.bias')!])).toEqual(new Set([0]))
  })

  it('are the same for the same seed, whatever else the model holds, and others for another', () => {
    const shape = tinyModel().shape
    const of = (overrides: Partial<ModelPlan>) => initialWeights(tinyModel(overrides)).get('h.1.mlp.c_fc.weight')
    expect(of({})).toEqual(of({}))
    expect(of({ shape: { ...shape, layers: 3, vocabulary: 99 } })).toEqual(of({}))
    expect(of({ seed: 8 })).not.toEqual(of({}))
    expect(initialWeights(tinyModel()).get('h.0.mlp.c_fc.weight')).not.toEqual(of({}))
  })
})
