// Kernels that work on rows: embedding, layer norm, the matrix products with what is fused to them, and GELU.
import type { Activation } from '#shared/family/shape.ts'
import type { Ids, Kernels, Tensor } from '../kernels.ts'
import { valueOf, type Context, type HeldIds, type TfTensor } from './context.ts'

const epsilon = 1e-5
const root = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

export function rowKernels({ tf, scope, hold, addTo, product }: Context) {
  const scaled = (x: TfTensor, scale: number) => (scale === 1 ? x : tf.mul(x, scale))
  const gather = (x: Tensor, rows: Ids) => tf.gather(valueOf(x), (rows as HeldIds).value as never)
  const affine = (x: TfTensor, weight: TfTensor, bias: TfTensor) =>
    tf.fused.matMul({ a: x as never, b: weight as never, bias }) as TfTensor

  function gelu(x: TfTensor, form: Activation): TfTensor {
    const half = tf.mul(x, 0.5)
    if (form === 'gelu') return tf.add(half, tf.mul(half, tf.erf(tf.mul(x, Math.SQRT1_2))))
    return tf.add(half, tf.mul(half, tf.tanh(bend(x))))
  }
  /** sqrt(2/π)·(x + 0.044715 x³), kept where tanh still changes: some GPUs' tanh overflows beyond. */
  const bend = (x: TfTensor) => tf.clipByValue(tf.mul(tf.mul(x, root), tf.add(tf.mul(tf.square(x), cubic), 1)), -15, 15)

  function geluSlope(x: TfTensor, form: Activation): TfTensor {
    if (form === 'gelu') {
      const below = tf.add(tf.mul(tf.erf(tf.mul(x, Math.SQRT1_2)), 0.5), 0.5)
      return tf.add(below, tf.mul(x, tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))))
    }
    const tanh = tf.tanh(bend(x))
    const slope = tf.add(tf.mul(tf.square(x), 3 * cubic * root), root)
    const steep = tf.mul(tf.mul(tf.sub(1, tf.square(tanh)), slope), tf.mul(x, 0.5))
    return tf.add(tf.add(tf.mul(tanh, 0.5), 0.5), steep)
  }

  return {
    gatherRows: (x, rows) => hold(scope(() => gather(x, rows))),
    embedding: (ids, tokens, positions, places, scale) =>
      hold(
        scope(() => {
          const looked = gather(tokens, ids)
          if (typeof places !== 'number') return scaled(tf.add(looked, gather(positions, places)), scale)
          const width = tokens.shape[1]
          const first = tf.slice(valueOf(positions), [0, 0], [places, width])
          const sum = tf.add(tf.reshape(looked, [-1, places, width]), tf.expandDims(first, 0))
          return tf.reshape(scaled(sum, scale), [ids.length, width])
        }),
      ),
    embeddingBackward: (dx, ids, context, scale, intoTokens, intoPositions) =>
      scope(() => {
        const width = dx.shape[1]
        const gradient = scaled(valueOf(dx), scale)
        addTo(intoTokens, tf.unsortedSegmentSum(gradient, (ids as HeldIds).value as never, intoTokens.shape[0]))
        const places = tf.sum(tf.reshape(gradient, [-1, context, width]), 0)
        addTo(
          intoPositions,
          tf.pad(places, [
            [0, intoPositions.shape[0] - context],
            [0, 0],
          ]),
        )
      }),

    layerNorm(x, gain, bias) {
      const [output, mean, rstd] = scope(() => {
        const average = tf.mean(valueOf(x), 1, true)
        const centred = tf.sub(valueOf(x), average)
        const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon))
        const normal = tf.mul(centred, scale)
        return [
          tf.add(tf.mul(normal, valueOf(gain)), valueOf(bias)),
          tf.reshape(average, [-1]),
          tf.reshape(scale, [-1]),
        ]
      })
      return { output: hold(output), mean: hold(mean), rstd: hold(rstd) }
    },
    layerNormBackward: (dy, x, gain, mean, rstd, intoGain, intoBias, residual) =>
      hold(
        scope(() => {
          const scale = tf.expandDims(valueOf(rstd), 1)
          const normal = tf.mul(tf.sub(valueOf(x), tf.expandDims(valueOf(mean), 1)), scale)
          addTo(intoGain, tf.sum(tf.mul(valueOf(dy), normal), 0))
          addTo(intoBias, tf.sum(valueOf(dy), 0))
          const inner = tf.mul(valueOf(dy), valueOf(gain))
          const along = tf.mul(normal, tf.mean(tf.mul(inner, normal), 1, true))
          const dx = tf.mul(tf.sub(tf.sub(inner, tf.mean(inner, 1, true)), along), scale)
          return residual ? tf.add(dx, valueOf(residual)) : dx
        }),
      ),

    linear: (x, weight, bias, residual) =>
      hold(
        scope(() => {
          const output = affine(valueOf(x), valueOf(weight), valueOf(bias))
          return residual ? tf.add(output, valueOf(residual)) : output
        }),
      ),
    linearGelu(x, weight, bias, form) {
      const [before, after] = scope(() => {
        const sum = affine(valueOf(x), valueOf(weight), valueOf(bias))
        return [sum, gelu(sum, form)]
      })
      return { before: hold(before), after: hold(after) }
    },
    linearBackward: (dy, x, weight, intoWeight, intoBias) =>
      hold(
        scope(() => {
          addTo(intoWeight, product(valueOf(x), valueOf(dy), true, false))
          addTo(intoBias, tf.sum(valueOf(dy), 0))
          return product(valueOf(dy), valueOf(weight), false, true)
        }),
      ),
    geluBackward: (dy, before, form) => hold(scope(() => tf.mul(valueOf(dy), geluSlope(valueOf(before), form)))),

    head: (x, tokens, scale) => hold(scope(() => product(scaled(valueOf(x), scale), valueOf(tokens), false, true))),
    headBackward: (dLogits, x, tokens, scale, intoTokens) =>
      hold(
        scope(() => {
          addTo(intoTokens, product(valueOf(dLogits), scaled(valueOf(x), scale), true, false))
          return scaled(tf.matMul(valueOf(dLogits), valueOf(tokens)), scale)
        }),
      ),
  } satisfies Partial<Kernels>
}
