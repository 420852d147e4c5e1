// What every device must pass: each kernel, forward and backward, against the reference in double precision, on awkward
// shapes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { AttentionGeometry, Kernels, Parameter, Tensor } from '#main/core/engine/kernels.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { createDice, distance } from './numbers.ts'
import { adam, randomBatch, tinyModel } from './tiny.ts'

export interface SuiteOptions {
  /** Largest difference allowed, as a share of the largest number in the tensor. */
  tolerance: number
  /**
   * Whether the same work gives the same bits twice; false for devices whose sums depend on the order of their threads.
   */
  isRepeatable?: boolean
  /** Fewer shapes and steps, for a device that is here only to be right: a GPU emulated by the processor. */
  isSlow?: boolean
}

/** [rows N, in, out]: one row, odd sizes, sizes around the width of a vector register, and a larger one. */
const everyLinearShape = [
  [1, 1, 1],
  [1, 7, 5],
  [3, 16, 17],
  [5, 33, 31],
  [17, 64, 96],
  [63, 65, 130],
  [128, 96, 48],
  [37, 256, 192],
]
/** [rows B, context T, heads, head size]. */
const everyAttentionShape = [
  [1, 1, 1, 8],
  [2, 1, 3, 8],
  [1, 5, 1, 9],
  [3, 7, 2, 16],
  [2, 17, 3, 20],
  [1, 33, 2, 32],
  [2, 40, 1, 64],
  [1, 65, 2, 80],
  [1, 12, 1, 128],
  [1, 610, 1, 16],
]
const normShapes = [
  [1, 1],
  [1, 8],
  [3, 5],
  [7, 64],
  [13, 100],
  [40, 257],
]

export function kernelsSuite(
  device: string,
  create: () => Kernels | Promise<Kernels>,
  { tolerance, isRepeatable = true, isSlow = false }: SuiteOptions,
): void {
  const linearShapes = isSlow ? everyLinearShape.filter((_, i) => i % 3 !== 1) : everyLinearShape
  const attentionShapes = isSlow ? everyAttentionShape.filter((_, i) => i % 2 === 0) : everyAttentionShape
  const steps = isSlow ? 2 : 6
  describe(`kernels: ${device}`, () => {
    const reference = createReferenceKernels('double')
    let kernels: Kernels
    beforeAll(async () => {
      kernels = await create()
    })
    afterAll(() => kernels?.dispose())

    /** Does the same work on the device and on the reference, and compares every tensor that comes back. */
    async function agree(label: string, work: (k: Kernels) => Partial<Record<string, Tensor>>): Promise<void> {
      const actual = work(kernels) as Record<string, Tensor>
      const expected = work(reference) as Record<string, Tensor>
      for (const name of Object.keys(expected)) {
        expect(actual[name].shape, `${label}: shape of ${name}`).toEqual(expected[name].shape)
        const far = distance(await kernels.read(actual[name]), await reference.read(expected[name]))
        expect(far, `${label}: ${name} is ${far} away`).toBeLessThanOrEqual(tolerance)
        actual[name].dispose()
      }
    }

    describe('memory', () => {
      it('holds a copy of what it was given and hands out copies', async () => {
        const data = Float32Array.of(1, 2, 3, 4, 5, 6)
        const tensor = kernels.tensor([2, 3], data)
        data.fill(9)
        const read = await kernels.read(tensor)
        expect([...read]).toEqual([1, 2, 3, 4, 5, 6])
        read.fill(8)
        expect([...(await kernels.read(tensor))]).toEqual([1, 2, 3, 4, 5, 6])
        tensor.dispose()
      })

      it('starts at zero, and writes, fills and adds in place', async () => {
        const tensor = kernels.tensor([5])
        expect([...(await kernels.read(tensor))]).toEqual([0, 0, 0, 0, 0])
        kernels.write(tensor, Float32Array.of(1, 2, 3, 4, 5))
        const other = kernels.tensor([5], Float32Array.of(10, 20, 30, 40, 50))
        kernels.axpy(tensor, 0.5, other)
        expect([...(await kernels.read(tensor))]).toEqual([6, 12, 18, 24, 30])
        kernels.fill(tensor, -2)
        expect([...(await kernels.read(tensor))]).toEqual([-2, -2, -2, -2, -2])
        expect([...(await kernels.read(other))]).toEqual([10, 20, 30, 40, 50])
        for (const t of [tensor, other]) t.dispose()
      })

      it('counts what it holds, and the most it held', async () => {
        const before = kernels.memory().currentBytes
        const held = [kernels.tensor([100, 10]), kernels.tensor([3, 7], createDice(1).normals(21))]
        const ids = kernels.ids(Int32Array.of(1, 2, 3))
        const during = kernels.memory()
        expect(during.currentBytes - before).toBeGreaterThanOrEqual(4 * (1000 + 21 + 3))
        expect(during.peakBytes).toBeGreaterThanOrEqual(during.currentBytes)
        for (const thing of [...held, ids]) thing.dispose()
        expect(kernels.memory().currentBytes).toBe(before)
        expect(kernels.memory().peakBytes).toBeGreaterThanOrEqual(during.currentBytes)
      })
    })

    it('embedding: looks up, adds positions and scales; repeated tokens gather their gradients', async () => {
      for (const [rows, context, width, vocabulary, offset] of [
        [1, 1, 1, 1, 0],
        [2, 3, 5, 7, 0],
        [3, 16, 64, 11, 0],
        [1, 4, 20, 300, 3],
        [4, 31, 33, 50, 0],
      ]) {
        const dice = createDice(rows + context)
        const [tokens, positions] = [dice.normals(vocabulary * width), dice.normals((context + offset + 2) * width)]
        const [dx, startTokens, startPositions] = [
          dice.normals(rows * context * width),
          dice.normals(tokens.length),
          dice.normals(positions.length),
        ]
        const id = dice.integers(rows * context, 0, vocabulary)
        await agree(`${rows}x${context}x${width}`, (k) => {
          const ids = k.ids(id)
          const [table, places] = [
            k.tensor([vocabulary, width], tokens),
            k.tensor([context + offset + 2, width], positions),
          ]
          const at = Int32Array.from(id, (_, n) => offset + (n % context))
          const x = k.embedding(ids, table, places, offset === 0 ? context : k.ids(at), 1.75)
          const [intoTokens, intoPositions] = [
            k.tensor([vocabulary, width], startTokens),
            k.tensor([context + offset + 2, width], startPositions),
          ]
          k.embeddingBackward(k.tensor([rows * context, width], dx), ids, context, 1.75, intoTokens, intoPositions)
          return { x, intoTokens, intoPositions }
        })
      }
    })

    it('embedding at places of their own, in any order; rows gathered, some of them twice', async () => {
      for (const [rows, width, vocabulary] of [
        [1, 1, 1],
        [7, 5, 3],
        [300, 33, 50],
      ]) {
        const dice = createDice(rows + width)
        const [tokens, positions] = [dice.normals(vocabulary * width), dice.normals(20 * width)]
        const [id, at] = [dice.integers(rows, 0, vocabulary), dice.integers(rows, 0, 20)]
        const wanted = dice.integers(2 * rows, 0, rows)
        await agree(`${rows}x${width}`, (k) => {
          const table = k.tensor([vocabulary, width], tokens)
          const x = k.embedding(k.ids(id), table, k.tensor([20, width], positions), k.ids(at), 0.5)
          return { x, gathered: k.gatherRows(x, k.ids(wanted)) }
        })
      }
    })

    it('tree attention: every text gives what it gives alone', async () => {
      const [heads, width] = [3, 3 * 20]
      const geometry = { heads, scale: 0.2 }
      for (const held of [0, 5]) {
        const dice = createDice(held)
        const counts = [4, 1, 6, 0, 3, 9] // prefix, two suffixes; no prefix, two suffixes
        const segments = counts.map((count, i) => ({ count, isPrefix: i === 0 || i === 3 }))
        const rows = counts.reduce((sum, count) => sum + count, 0)
        const [before, own] = [dice.normals(held * 3 * width), dice.normals(rows * 3 * width)]
        const k = kernels
        const cache = k.cache(1, 40, width)
        if (held > 0)
          k.cachedAttention(k.tensor([held, 3 * width], before), cache, { ...geometry, rows: 1, context: held })
        const mixed = k.treeAttention(k.tensor([rows, 3 * width], own), segments, held > 0 ? cache : null, geometry)
        expect(mixed.shape).toEqual([rows, width])
        expect(cache.length).toBe(held)
        const together = await k.read(mixed)
        let [from, prefix] = [0, new Float32Array(0)]
        for (const { count, isPrefix } of segments) {
          const segment = own.slice(from * 3 * width, (from + count) * 3 * width)
          const text = Float32Array.from([...before, ...(isPrefix ? [] : prefix), ...segment])
          if (isPrefix) prefix = segment
          if (count === 0) continue
          const context = text.length / (3 * width)
          const alone = k.attention(k.tensor([context, 3 * width], text), { ...geometry, rows: 1, context }).output
          const expected = (await k.read(alone)).slice(-count * width)
          expect(distance([...together.slice(from * width, (from + count) * width)], [...expected])).toBeLessThan(
            tolerance,
          )
          from += count
        }
      }
    })

    it('argmax: the first of the largest of each row', async () => {
      for (const [rows, width] of [
        [1, 1],
        [3, 7],
        [17, 33],
      ]) {
        const values = createDice(rows)
          .normals(rows * width)
          .map((value) => Math.round(value)) // many are equal
        const places = Array.from({ length: rows }, (_, row) => {
          const own = [...values.subarray(row * width, (row + 1) * width)]
          return own.indexOf(Math.max(...own))
        })
        expect([...(await kernels.argmax(kernels.tensor([rows, width], values)))]).toEqual(places)
      }
    })

    it('layer norm: output, statistics, gradients, and the skip added on the way', async () => {
      for (const [rows, width] of normShapes)
        for (const hasResidual of [false, true]) {
          const dice = createDice(rows * 1000 + width)
          const [x, gain, bias, dy, residual] = [rows * width, width, width, rows * width, rows * width].map((length) =>
            dice.normals(length),
          )
          for (let i = 0; i < x.length; i++) x[i] = 2 * x[i] + 3 // away from zero mean and unit variance
          const [startGain, startBias] = [dice.normals(width), dice.normals(width)]
          await agree(`${rows}x${width}`, (k) => {
            const [input, g, b] = [k.tensor([rows, width], x), k.tensor([width], gain), k.tensor([width], bias)]
            const { output, mean, rstd } = k.layerNorm(input, g, b)
            const [intoGain, intoBias] = [k.tensor([width], startGain), k.tensor([width], startBias)]
            const skip = hasResidual ? k.tensor([rows, width], residual) : undefined
            const dx = k.layerNormBackward(k.tensor([rows, width], dy), input, g, mean, rstd, intoGain, intoBias, skip)
            // With one feature the variance is zero and 1/std is 316: rounding in x would be all that is left of dx.
            return width === 1 ? { output, mean, intoBias } : { output, mean, rstd, dx, intoGain, intoBias }
          })
        }
    })

    it('linear: with and without the skip, and its gradients added to what is there', async () => {
      for (const [rows, inner, outer] of linearShapes) {
        const dice = createDice(rows * 1000 + inner)
        const [x, w, b] = [dice.normals(rows * inner), dice.normals(inner * outer, 0.2), dice.normals(outer)]
        const [skip, dy] = [dice.normals(rows * outer), dice.normals(rows * outer)]
        const [startWeight, startBias] = [dice.normals(inner * outer), dice.normals(outer)]
        await agree(`${rows}x${inner}x${outer}`, (k) => {
          const [input, weight, bias] = [k.tensor([rows, inner], x), k.tensor([inner, outer], w), k.tensor([outer], b)]
          const [intoWeight, intoBias] = [k.tensor([inner, outer], startWeight), k.tensor([outer], startBias)]
          const plain = k.linear(input, weight, bias)
          const skipped = k.linear(input, weight, bias, k.tensor([rows, outer], skip))
          const dx = k.linearBackward(k.tensor([rows, outer], dy), input, weight, intoWeight, intoBias)
          return { plain, skipped, dx, intoWeight, intoBias, input }
        })
      }
    })

    it.each(['gelu', 'gelu_new'] as const)(
      '%s: fused behind the product, and its slope, far out as well',
      async (form) => {
        for (const [rows, inner, outer] of linearShapes) {
          const dice = createDice(rows * 1000 + outer)
          const [x, w, b, dy] = [
            dice.normals(rows * inner, 2),
            dice.normals(inner * outer, 0.5),
            dice.normals(outer, 3),
            dice.normals(rows * outer),
          ]
          b[0] = -30
          b[outer - 1] = 40
          await agree(`${rows}x${inner}x${outer}`, (k) => {
            const { before, after } = k.linearGelu(
              k.tensor([rows, inner], x),
              k.tensor([inner, outer], w),
              k.tensor([outer], b),
              form,
            )
            return { before, after, dx: k.geluBackward(k.tensor([rows, outer], dy), before, form) }
          })
        }
      },
    )

    it('attention: output, log-sum-exp and gradients, for head sizes from 8 to 128', async () => {
      for (const [rows, context, heads, size] of attentionShapes) {
        const width = heads * size
        const n = rows * context
        const dice = createDice(rows * 1000 + context * 10 + heads)
        const [qkv, dy] = [dice.normals(n * 3 * width), dice.normals(n * width)]
        const geometry: AttentionGeometry = { rows, context, heads, scale: 1 / Math.sqrt(size) }
        await agree(`${rows}x${context}x${heads}x${size}`, (k) => {
          const input = k.tensor([n, 3 * width], qkv)
          const { output, logSumExp } = k.attention(input, geometry)
          return {
            output,
            logSumExp,
            dqkv: k.attentionBackward(k.tensor([n, width], dy), input, output, logSumExp, geometry),
          }
        })
      }
    })

    it('attention: scores in the hundreds do not overflow', async () => {
      const dice = createDice(5)
      const qkv = dice.normals(6 * 48, 12)
      await agree('large scores', (k) => {
        const { output, logSumExp } = k.attention(k.tensor([6, 48], qkv), { rows: 1, context: 6, heads: 2, scale: 1 })
        return { output, logSumExp }
      })
    })

    it('cached attention: tokens fed in pieces see what they would have seen together', async () => {
      for (const [rows, heads, size] of [
        [1, 1, 8],
        [1, 3, 20],
        [2, 2, 64],
      ]) {
        const width = heads * size
        const context = 11
        const qkv = createDice(rows + size).normals(rows * context * 3 * width)
        const piece = (from: number, count: number) =>
          Float32Array.from({ length: rows * count * 3 * width }, (_, i) => {
            const row = Math.floor(i / (count * 3 * width))
            return qkv[(row * context + from) * 3 * width + (i % (count * 3 * width))]
          })
        await agree(`${rows}x${heads}x${size}`, (k) => {
          const cache = k.cache(rows, context, width)
          const outputs: Record<string, Tensor> = {}
          for (const [from, count] of [
            [0, 4],
            [4, 1],
            [5, 5],
            [10, 1],
          ]) {
            const input = k.tensor([rows * count, 3 * width], piece(from, count))
            outputs[`tokens from ${from}`] = k.cachedAttention(input, cache, {
              rows,
              context: count,
              heads,
              scale: 0.3,
            })
          }
          expect(cache.length).toBe(context)
          cache.rewind(4)
          expect(cache.length).toBe(4)
          outputs['tokens from 4, again'] = k.cachedAttention(k.tensor([rows * 7, 3 * width], piece(4, 7)), cache, {
            rows,
            context: 7,
            heads,
            scale: 0.3,
          })
          const whole = k.attention(k.tensor([rows * context, 3 * width], qkv), { rows, context, heads, scale: 0.3 })
          cache.dispose()
          return { ...outputs, whole: whole.output }
        })
      }
    })

    it('head: logits from the tied embedding, and both gradients', async () => {
      for (const [rows, width, vocabulary] of linearShapes) {
        const dice = createDice(rows + width + vocabulary)
        const [x, tokens, dLogits, start] = [
          rows * width,
          vocabulary * width,
          rows * vocabulary,
          vocabulary * width,
        ].map((length) => dice.normals(length))
        for (const scale of [1, 0.6]) {
          await agree(`${rows}x${width}x${vocabulary}`, (k) => {
            const [input, table, into] = [
              k.tensor([rows, width], x),
              k.tensor([vocabulary, width], tokens),
              k.tensor([vocabulary, width], start),
            ]
            const dx = k.headBackward(k.tensor([rows, vocabulary], dLogits), input, table, scale, into)
            return { logits: k.head(input, table, scale), dx, into }
          })
        }
      }
    })

    it('cross entropy: losses alone, or with the gradient written over the logits; unscored rows are silent', async () => {
      for (const [rows, vocabulary] of [
        [1, 1],
        [1, 2],
        [3, 7],
        [16, 33],
        [21, 260],
        [64, 1000],
      ]) {
        for (const spread of [1, 60]) {
          const dice = createDice(rows + vocabulary)
          const data = dice.normals(rows * vocabulary, spread)
          const target = dice.integers(rows, 0, vocabulary).map((id, n) => (n % 4 === 2 ? -1 : id))
          await agree(`${rows}x${vocabulary}`, (k) => {
            const [logits, untouched, targets] = [
              k.tensor([rows, vocabulary], data),
              k.tensor([rows, vocabulary], data),
              k.ids(target),
            ]
            return {
              alone: k.crossEntropy(untouched, targets),
              losses: k.crossEntropy(logits, targets, 0.25),
              gradient: logits,
              untouched,
            }
          })
        }
      }
    })

    it('global norm and AdamW: decay, learning-rate scale, bias correction, clipping, and gradients left at zero', async () => {
      const shapes = [[1], [7], [16, 17], [3, 129], [64, 64]]
      const optimize = (k: Kernels) => {
        const dice = createDice(11)
        return shapes.map((shape, i): Parameter => {
          const make = (std: number) =>
            k.tensor(
              shape,
              dice.normals(
                shape.reduce((a, b) => a * b, 1),
                std,
              ),
            )
          const [value, gradient, firstMoment] = [make(1), make(0.3), make(0.1)]
          const secondMoment = k.tensor(
            shape,
            dice
              .normals(
                shape.reduce((a, b) => a * b, 1),
                0.1,
              )
              .map((x) => x * x),
          )
          return {
            name: `p${i}`,
            value,
            gradient,
            firstMoment,
            secondMoment,
            decays: i % 2 === 0,
            learningRateScale: i === 3 ? 0.25 : 1,
          }
        })
      }
      const [actual, expected] = [optimize(kernels), optimize(reference)]
      expect(distance([await kernels.globalNorm(actual)], [await reference.globalNorm(expected)])).toBeLessThanOrEqual(
        tolerance,
      )
      for (const update of [1, 2, 30]) {
        for (const [k, parameters] of [
          [kernels, actual],
          [reference, expected],
        ] as const) {
          const gradients = createDice(update)
          for (const { gradient, value } of parameters)
            k.write(gradient, gradients.normals(value.shape.reduce((a, b) => a * b, 1)))
          k.adamW(parameters, {
            learningRate: 0.02,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weightDecay: 0.1,
            update,
            gradientScale: 0.37,
          })
        }
        for (let i = 0; i < shapes.length; i++)
          for (const part of ['value', 'firstMoment', 'secondMoment', 'gradient'] as const) {
            const far = distance(await kernels.read(actual[i][part]), await reference.read(expected[i][part]))
            expect(far, `${part} of [${shapes[i]}] after update ${update}`).toBeLessThanOrEqual(tolerance)
          }
      }
    })

    it.each(['gelu', 'gelu_new'] as const)(
      'a whole GPT learns the same as on the reference (%s)',
      async (activation) => {
        const model = tinyModel({ activation })
        const losses = async (k: Kernels) => {
          const engine = createGpt(borrowed(k), 'reference', model)
          const seen: number[] = []
          for (let step = 0; step < steps; step++) {
            seen.push(await engine.accumulate(randomBatch(model, 3, 7, 2 * step), 0.75))
            seen.push(await engine.accumulate(randomBatch(model, 1, 5, 2 * step + 1), 0.25))
            seen.push(await engine.update(0.01, adam))
          }
          seen.push(await engine.loss(randomBatch(model, 2)))
          const logits = await engine.logits(randomBatch(model, 2))
          engine.dispose()
          return [seen, logits] as const
        }
        const [actual, expected] = [await losses(kernels), await losses(reference)]
        expect(distance(actual[0], expected[0])).toBeLessThanOrEqual(10 * tolerance)
        // updates with epsilon 1e-8 magnify rounding
        expect(distance(actual[1], expected[1])).toBeLessThanOrEqual(100 * tolerance)
      },
    )

    it('gives everything back when a model is disposed', async () => {
      const before = kernels.memory().currentBytes
      const model = tinyModel()
      const engine = createGpt(borrowed(kernels), 'reference', model)
      const batch = randomBatch(model, 2)
      await engine.accumulate(batch, 1)
      await engine.update(0.01, adam)
      const trained = kernels.memory().currentBytes
      await engine.accumulate(batch, 1)
      await engine.update(0.01, adam)
      await engine.loss(batch)
      await engine.score(batch)
      const continuation = engine.continuation()
      await continuation.feed(batch.inputs.subarray(0, 5))
      continuation.dispose()
      expect(kernels.memory().currentBytes).toBe(trained)
      engine.dispose()
      expect(kernels.memory().currentBytes).toBe(before)
    })

    if (isRepeatable) {
      it('two equal runs are equal bit for bit', async () => {
        expect(await trainBriefly(kernels)).toEqual(await trainBriefly(kernels))
      })
    }
  })
}

/** The same kernels for a model that will dispose them when it goes. */
function borrowed(kernels: Kernels): Kernels {
  return new Proxy(kernels, {
    get(target, name) {
      if (name === 'dispose') return () => {}
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Losses and all weights after a few steps of a model wide enough for threads to share. */
async function trainBriefly(kernels: Kernels) {
  const model: ModelPlan = { ...tinyModel(), shape: { layers: 2, width: 32, heads: 2, context: 16, vocabulary: 50 } }
  const engine = createGpt(borrowed(kernels), 'reference', model)
  const losses: number[] = []
  for (let step = 0; step < 3; step++) {
    losses.push(await engine.accumulate(randomBatch(model, 4, 16, step), 1), await engine.update(0.01, adam))
  }
  const state = await engine.snapshot()
  engine.dispose()
  return { losses, state }
}
