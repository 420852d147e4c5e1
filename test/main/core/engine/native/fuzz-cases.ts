// Random work for every kernel: shapes around the edges of tiles and registers, and results as plain numbers.
import { headAndLoss } from '#main/core/engine/embedding-and-head.ts'
import type { Kernels, Parameter, Tensor } from '#main/core/engine/kernels.ts'
import type { Activation } from '#shared/family/shape.ts'
import { createDice } from '../numbers.ts'

/** Sizes around the edges of tiles and registers come often; large ones now and then. */
type Dice = ReturnType<typeof createDice>
const one = (dice: Dice, from: number, below: number) => dice.integers(1, from, below)[0]
const size = (dice: Dice, most: number) => {
  const kind = one(dice, 0, 10)
  if (kind < 3) return one(dice, 1, Math.min(most, 4) + 1)
  if (kind < 6) return Math.max(1, Math.min(most, [8, 14, 16, 28, 32, 48, 64][one(dice, 0, 7)] + one(dice, -1, 2)))
  return one(dice, 1, most + 1)
}

type Work = (k: Kernels, make: (sizes: number[], data: Float32Array) => Tensor) => Partial<Record<string, Tensor>>
export interface Case {
  label: string
  work: Work
  tolerance: number
}

export const cases: Record<string, (dice: Dice, most: number) => Case> = {
  linear(dice, most) {
    const [n, inner, outer] = [size(dice, most), size(dice, most), size(dice, most)]
    const [x, w, b, r] = [
      dice.normals(n * inner),
      dice.normals(inner * outer),
      dice.normals(outer),
      dice.normals(n * outer),
    ]
    const form: Activation = one(dice, 0, 2) ? 'gelu' : 'gelu_new'
    return {
      label: `linear ${n}x${inner}x${outer}`,
      tolerance: 1e-5,
      work(k, make) {
        const [input, weight, bias] = [make([n, inner], x), make([inner, outer], w), make([outer], b)]
        const { before, after } = k.linearGelu(input, weight, bias, form)
        return {
          plain: k.linear(input, weight, bias),
          skipped: k.linear(input, weight, bias, make([n, outer], r)),
          before,
          after,
        }
      },
    }
  },
  linearBackward(dice, most) {
    const [n, inner, outer] = [size(dice, most), size(dice, most), size(dice, most)]
    const [x, w, dy, g, gb] = [n * inner, inner * outer, n * outer, inner * outer, outer].map((count) =>
      dice.normals(count),
    )
    return {
      label: `linearBackward ${n}x${inner}x${outer}`,
      tolerance: 1e-4,
      work(k, make) {
        const [intoWeight, intoBias] = [make([inner, outer], g), make([outer], gb)]
        const dx = k.linearBackward(
          make([n, outer], dy),
          make([n, inner], x),
          make([inner, outer], w),
          intoWeight,
          intoBias,
        )
        return { dx, intoWeight, intoBias, slope: k.geluBackward(make([n, outer], dy), make([n, outer], dy), 'gelu') }
      },
    }
  },
  geluLinearBackward(dice, most) {
    const [n, inner, outer] = [size(dice, most), size(dice, most), size(dice, most)]
    const [x, w, b, g, dy, gb] = [n * 3, 3 * inner, inner, inner * outer, n * outer, outer].map((count) =>
      dice.normals(count),
    )
    const form: Activation = one(dice, 0, 2) ? 'gelu' : 'gelu_new'
    return {
      label: `geluLinearBackward ${n}x${inner}x${outer}, ${form}`,
      tolerance: 1e-4,
      work(k, make) {
        const { before, after } = k.linearGelu(make([n, 3], x), make([3, inner], w), make([inner], b), form)
        const [weight, slopes] = [make([inner, outer], g), make([n, outer], dy)]
        const [intoWeight, intoBias] = [make([inner, outer], g), make([outer], gb)]
        if (k.linearGeluBackward)
          return { dx: k.linearGeluBackward(slopes, before, weight, intoWeight, intoBias, form), intoWeight, intoBias }
        const dAfter = k.linearBackward(slopes, after, weight, intoWeight, intoBias)
        return { dx: k.geluBackward(dAfter, before, form), intoWeight, intoBias }
      },
    }
  },
  attention(dice, most) {
    const [rows, context, heads] = [one(dice, 1, 3), size(dice, most), one(dice, 1, 4)]
    const features = size(dice, Math.min(most, 128))
    const [n, width] = [rows * context, heads * features]
    const [qkv, dy] = [dice.normals(n * 3 * width), dice.normals(n * width)]
    const geometry = { rows, context, heads, scale: 1 / Math.sqrt(features) }
    return {
      label: `attention ${rows}x${context}x${heads}x${features}`,
      tolerance: 1e-4,
      work(k, make) {
        const all = make([n, 3 * width], qkv)
        const { output, logSumExp } = k.attention(all, geometry)
        return { output, logSumExp, dqkv: k.attentionBackward(make([n, width], dy), all, output, logSumExp, geometry) }
      },
    }
  },
  cachedAttention(dice, most) {
    const [rows, heads, features] = [one(dice, 1, 3), one(dice, 1, 4), size(dice, Math.min(most, 64))]
    const width = heads * features
    const pieces = [size(dice, most), one(dice, 1, 4), 1]
    const data = pieces.map((T) => dice.normals(rows * T * 3 * width))
    return {
      label: `cachedAttention ${rows}x[${pieces.join('+')}]x${heads}x${features}`,
      tolerance: 1e-5,
      work(k, make) {
        const cache = k.cache(rows, pieces.reduce((a, b) => a + b) + one(createDice(1), 0, 3), width)
        const outputs = pieces.map((T, i) => [
          `part${i}`,
          k.cachedAttention(make([rows * T, 3 * width], data[i]), cache, {
            rows,
            context: T,
            heads,
            scale: 1 / Math.sqrt(features),
          }),
        ])
        cache.dispose()
        return Object.fromEntries(outputs) as Record<string, Tensor>
      },
    }
  },
  head(dice, most) {
    const [n, width, vocabulary] = [size(dice, most), size(dice, most), size(dice, 2 * most)]
    const [x, tokens, g] = [dice.normals(n * width), dice.normals(vocabulary * width), dice.normals(vocabulary * width)]
    const target = dice.integers(n, -1, vocabulary)
    return {
      label: `head ${n}x${width}x${vocabulary}`,
      tolerance: 1e-4,
      work(k, make) {
        const [input, table, intoTokens] = [
          make([n, width], x),
          make([vocabulary, width], tokens),
          make([vocabulary, width], g),
        ]
        const ids = k.ids(target)
        const logits = k.head(input, table, 0.3)
        const forward = k.crossEntropy(logits, ids)
        const losses = k.crossEntropy(logits, ids, 0.7)
        const dx = k.headBackward(logits, input, table, 0.3, intoTokens)
        ids.dispose()
        return { losses, forward, logits, dx, intoTokens }
      },
    }
  },
  headLoss(dice, most) {
    const [n, width, vocabulary] = [size(dice, most), size(dice, most), size(dice, 2 * most)]
    const [x, tokens, g] = [dice.normals(n * width), dice.normals(vocabulary * width), dice.normals(vocabulary * width)]
    const target = dice.integers(n, -1, vocabulary)
    return {
      label: `headLoss ${n}x${width}x${vocabulary}`,
      tolerance: 1e-4,
      work(k, make) {
        const [input, table, intoTokens] = [
          make([n, width], x),
          make([vocabulary, width], tokens),
          make([vocabulary, width], g),
        ]
        const ids = k.ids(target)
        const { losses: forward } = headAndLoss(k, input, table, 0.3, ids)
        const { losses, dx } = headAndLoss(k, input, table, 0.3, ids, { gradientScale: 0.7, intoTokens })
        ids.dispose()
        return { forward, losses, dx, intoTokens }
      },
    }
  },
  rows(dice, most) {
    const [rows, context, width, vocabulary] = [
      one(dice, 1, 4),
      size(dice, most),
      size(dice, 2 * most) + 1,
      size(dice, most),
    ]
    const n = rows * context
    const [x, gain, bias, dy, residual, tokens, positions] = [
      n * width,
      width,
      width,
      n * width,
      n * width,
      vocabulary * width,
      (context + 1) * width,
    ].map((count) => dice.normals(count))
    const id = dice.integers(n, 0, vocabulary)
    return {
      label: `rows ${rows}x${context}x${width}, ${vocabulary} tokens`,
      tolerance: 1e-4,
      work(k, make) {
        const ids = k.ids(id)
        const places = k.ids(Int32Array.from(id, (_, i) => 1 + (i % context)))
        const [input, g] = [make([n, width], x), make([width], gain)]
        const { output, mean, rstd } = k.layerNorm(input, g, make([width], bias))
        const [intoGain, intoBias, intoTokens, intoPositions] = [
          make([width], bias),
          make([width], gain),
          make([vocabulary, width], tokens),
          make([context + 1, width], positions),
        ]
        const again = k.layerNormAgain?.(input, g, make([width], bias), mean, rstd) ?? output
        const dx = k.layerNormBackward(
          make([n, width], dy),
          input,
          g,
          mean,
          rstd,
          intoGain,
          intoBias,
          make([n, width], residual),
        )
        const embedded = k.embedding(ids, intoTokens, intoPositions, places, 1.5)
        k.embeddingBackward(dx, ids, context, 1.5, intoTokens, intoPositions)
        ids.dispose()
        places.dispose()
        return { output, again, mean, rstd, dx, intoGain, intoBias, embedded, intoTokens, intoPositions }
      },
    }
  },
  optimizer(dice, most) {
    const sizes = Array.from({ length: one(dice, 1, 4) }, () => size(dice, 20 * most))
    const data = sizes.map((count) => [
      dice.normals(count),
      dice.normals(count),
      dice.normals(count),
      dice.normals(count).map(Math.abs),
    ])
    const update = one(dice, 1, 1000)
    return {
      label: `optimizer [${sizes.join(', ')}]`,
      tolerance: 1e-5,
      work(k, make) {
        const parameters = sizes.map((count, i): Parameter => {
          const [value, gradient, firstMoment, secondMoment] = data[i].map((numbers) => make([count], numbers))
          return {
            name: `p${i}`,
            value,
            gradient,
            firstMoment,
            secondMoment,
            decays: i % 2 === 0,
            learningRateScale: 1 + i,
          }
        })
        k.adamW(parameters, {
          learningRate: 0.01,
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          weightDecay: 0.1,
          update,
          gradientScale: 0.5,
        })
        return Object.fromEntries(
          parameters.flatMap(({ value, firstMoment, secondMoment }, i) => [
            [`w${i}`, value],
            [`m${i}`, firstMoment],
            [`v${i}`, secondMoment],
          ]),
        )
      },
    }
  },
}

/** Does the work, and disposes all that was made for it and by it once it has been read. */
export async function results(k: Kernels, { work }: Case): Promise<Record<string, Float32Array>> {
  const made: Tensor[] = []
  const make = (sizes: number[], data: Float32Array) => {
    const tensor = k.tensor(sizes, data)
    made.push(tensor)
    return tensor
  }
  const outputs = Object.entries(work(k, make) as Record<string, Tensor>)
  const read: Record<string, Float32Array> = {}
  for (const [name, tensor] of outputs) read[name] = await k.read(tensor)
  for (const tensor of new Set([...made, ...outputs.map(([, tensor]) => tensor)])) tensor.dispose()
  return read
}
