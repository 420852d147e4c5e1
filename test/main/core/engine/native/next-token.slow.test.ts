// A whole model over one token in one call: the same numbers as kernel after kernel, the same bits on any number of
// threads.
import { describe, expect, it } from 'vitest'
import type { Continuation } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { holdWeights } from '#main/core/engine/weights.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { createDice, distance } from '../numbers.ts'
import { tinyModel } from '../tiny.ts'

/** The same kernels, but without the one that does all at once. */
const oneByOne = (kernels: Kernels): Kernels => ({ ...kernels, nextToken: undefined })

/** Logits after a prompt and after each further token of a text that fills the context. */
async function logitsOf(
  kernels: Kernels,
  model: ModelPlan,
  parameters: Map<string, Float32Array>,
  prompt: number,
): Promise<Float32Array[]> {
  const engine = createGpt(kernels, 'native', model, parameters)
  const { context, vocabulary } = model.shape
  const text = createDice(9).integers(context, 0, vocabulary)
  const continuation = engine.continuation()
  const all = [await continuation.feed(text.subarray(0, prompt))]
  for (let at = prompt; at < context; at++) all.push(await continuation.feed(text.subarray(at, at + 1)))
  continuation.dispose()
  engine.dispose()
  return all
}

/**
 * Weights of every kind away from 0 and 1, so that a forgotten one shows; matrices of a size that keeps what passes
 * through them of one size.
 */
function randomParameters(model: ModelPlan, seed: number): Map<string, Float32Array> {
  const dice = createDice(seed)
  const kernels = createNativeKernels({ threads: 1 })
  const { infos } = holdWeights(kernels, model)
  kernels.dispose()
  return new Map(
    infos.map(({ name, shape }) => [
      name,
      dice.normals(
        shape.reduce((a, b) => a * b, 1),
        shape.length === 2 ? 1 / Math.sqrt(model.shape.width) : 0.3,
      ),
    ]),
  )
}

describe('shapes of every kind', () => {
  const dice = createDice(4)
  const draw = (from: number, below: number) => dice.integers(1, from, below)[0]
  const shapes = Array.from({ length: 24 }, () => {
    const heads = draw(1, 12)
    return { layers: draw(1, 4), heads, width: heads * draw(1, 40), context: draw(2, 40), vocabulary: draw(1, 300) }
  })
  shapes.push(
    { layers: 2, heads: 4, width: 256, context: 60, vocabulary: 1001 },
    { layers: 1, heads: 2, width: 512, context: 20, vocabulary: 77 },
  )

  it.each(shapes)('$layers layers of $width, $heads heads, $context tokens, $vocabulary words', async (shape) => {
    const model = tinyModel({ shape, activation: shape.heads % 2 ? 'gelu' : 'gelu_new' })
    const parameters = randomParameters(model, shape.width)
    const prompt = 1 + Math.floor(shape.context / 3)
    const expected = await logitsOf(oneByOne(createNativeKernels({ threads: 2 })), model, parameters, prompt)
    const [first, ...others] = await Promise.all(
      [1, 2, 3, 4].map((threads) => logitsOf(createNativeKernels({ threads }), model, parameters, prompt)),
    )
    first.forEach((logits, i) => expect(distance(logits, expected[i])).toBeLessThan(2e-6)) // two orders of summing
    for (const other of others) expect(other).toEqual(first)
  })
})

describe('what does not fit is refused', () => {
  const model = tinyModel()
  const { layers, width, context } = model.shape
  const k = createNativeKernels({ threads: 2 })
  const { values } = holdWeights(k, model)
  const caches = (rows = 1, capacity = context) => Array.from({ length: layers }, () => k.cache(rows, capacity, width))
  const read = (changes: Partial<typeof values>, kept = caches(), plan = model) =>
    k.nextToken!({ ...values, ...changes }, plan, kept)

  it.each<[string, () => unknown, RegExp]>([
    ['another vocabulary', () => read({ tokens: k.tensor([12, 12]) }), /tokens is \[12, 12\]/],
    ['a block too few', () => read({ blocks: values.blocks.slice(1) }), /1 blocks and 2 caches for 2 layers/],
    ['a cache too many', () => read({}, [...caches(), ...caches()]), /2 blocks and 4 caches/],
    [
      'a weight for another width',
      () => read({ blocks: values.blocks.map((block) => ({ ...block, expand: block.contract })) }),
      /expand is \[48, 12\]/,
    ],
    ['caches of two texts', () => read({}, caches(2)), /2 sequences/],
    [
      'heads that do not divide the width',
      () => read({}, caches(), { ...model, shape: { ...model.shape, heads: 5 } }),
      /5 heads/,
    ],
  ])('%s', (_, work, message) => expect(work).toThrow(message))

  it('a token that is not there, and one too many', () => {
    const next = read({}, caches(1, 2))
    expect(() => next(13)).toThrow(/13 is outside a vocabulary of 13/)
    expect(() => next(-1)).toThrow(/outside/)
    expect(() => next(0.5)).toThrow(/outside/)
    next(1)
    next(2)
    expect(() => next(3)).toThrow(/2 \+ 1 tokens do not fit 2/)
  })

  it('a cache that is gone, and caches that do not hold one text', () => {
    const kept = caches()
    const next = read({}, kept)
    next(1)
    kept[1].rewind(0)
    expect(() => next(1)).toThrow(/1, 0 tokens/)
    kept[0].rewind(0)
    next(1)
    kept[1].dispose()
    expect(() => next(1)).toThrow(/disposed/)
  })
})

describe('a continuation', () => {
  it('that stops in the middle leaves nothing behind', async () => {
    const kernels = createNativeKernels({ threads: 2 })
    const engine = createGpt(kernels, 'native', tinyModel())
    const text = async (continuation: Continuation) => {
      for (const id of [1, 2, 3]) await continuation.feed(Int32Array.of(id))
      continuation.dispose()
    }
    await text(engine.continuation())
    const held = kernels.memory().currentBytes
    await text(engine.continuation())
    expect(kernels.memory().currentBytes).toBe(held)
    await expect(engine.continuation().feed(Int32Array.of(13))).rejects.toThrow(/vocabulary of 13/)
    engine.dispose()
  })

  it('shows what has diverged', async () => {
    const model = tinyModel()
    const parameters = randomParameters(model, 1)
    parameters.get('h.0.mlp.c_fc.weight')![5] = NaN
    const [logits] = await logitsOf(createNativeKernels({ threads: 2 }), model, parameters, 1)
    expect(logits.every(Number.isNaN)).toBe(true)
  })
})
