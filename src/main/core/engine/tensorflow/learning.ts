// Loss and optimizer in TensorFlow.js ops.
import type { Kernels } from '../kernels.ts'
import { valueOf, type Context, type HeldIds, type SparseCrossEntropy, type Tf } from './context.ts'

/** Cross entropy by looking up and changing one logit a row, so that no one-hot matrix is ever made. */
export function gatheredCrossEntropy(tf: Tf): SparseCrossEntropy {
  return (logits, targets) => {
    const [rows, vocabulary] = logits.shape as [number, number]
    // [N], in the flattened logits
    const place = tf.add(tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(vocabulary, 'int32')), targets)
    const largest = tf.max(logits, 1, true)
    const powers = tf.exp(tf.sub(logits, largest))
    const sum = tf.sum(powers, 1, true)
    const logSumExp = tf.reshape(tf.add(largest, tf.log(sum)), [-1])
    const losses = tf.sub(logSumExp, tf.gather(tf.reshape(logits, [-1]), place as never))
    return {
      losses,
      gradient() {
        const softmax = tf.reshape(tf.div(powers, sum), [-1])
        const atTarget = tf.sub(tf.gather(softmax, place as never), 1)
        return tf.reshape(tf.tensorScatterUpdate(softmax, tf.expandDims(place, 1) as never, atTarget), [
          rows,
          vocabulary,
        ])
      },
    }
  }
}

export function learningKernels({ tf, scope, hold, replace, crossEntropy }: Context) {
  return {
    crossEntropy: (logits, targets, gradientScale) =>
      hold(
        scope(() => {
          const { data, value } = targets as HeldIds
          const isWhole = data.every((id) => id >= 0)
          const safe = isWhole
            ? value
            : tf.tensor1d(
                data.map((id) => Math.max(id, 0)),
                'int32',
              )
          const isScored = isWhole ? null : tf.tensor1d(Float32Array.from(data, (id) => (id >= 0 ? 1 : 0)))
          const { losses, gradient } = crossEntropy(valueOf(logits), safe)
          if (gradientScale !== undefined) {
            replace(
              logits,
              tf.mul(gradient(), isScored ? tf.mul(tf.expandDims(isScored, 1), gradientScale) : gradientScale),
            )
          }
          return isScored ? tf.mul(losses, isScored) : losses
        }),
      ),

    // By the smallest index of the maximum: which of equals tf.argMax finds, its backends leave open.
    async argmax(x) {
      const [, width] = x.shape
      const first = scope(() => {
        const isLargest = tf.equal(valueOf(x), tf.max(valueOf(x), 1, true))
        return tf.min(tf.where(isLargest, tf.expandDims(tf.range(0, width), 0), tf.scalar(width - 1)), 1)
      })
      const places = Int32Array.from(await first.data())
      first.dispose()
      return places
    },

    async globalNorm(parameters) {
      // Concatenated, not addN: on WebGPU that binds every input at once and fails beyond a few.
      const squares = () => parameters.map(({ gradient }) => tf.reshape(tf.sum(tf.square(valueOf(gradient))), [1]))
      const norm = scope(() => tf.sqrt(tf.sum(tf.concat(squares()))))
      const [value] = await norm.data()
      norm.dispose()
      return value
    },

    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      const correction1 = 1 - beta1 ** update
      const correction2 = 1 - beta2 ** update
      for (const { value, gradient, firstMoment, secondMoment, decays, learningRateScale } of parameters) {
        const rate = learningRate * learningRateScale
        const keep = decays ? 1 - rate * weightDecay : 1
        scope(() => {
          const g = valueOf(gradient)
          replace(firstMoment, tf.add(tf.mul(valueOf(firstMoment), beta1), tf.mul(g, (1 - beta1) * gradientScale)))
          replace(
            secondMoment,
            tf.add(tf.mul(valueOf(secondMoment), beta2), tf.mul(tf.square(g), (1 - beta2) * gradientScale ** 2)),
          )
          const divisor = tf.add(tf.sqrt(tf.mul(valueOf(secondMoment), 1 / correction2)), epsilon)
          const move = tf.div(tf.mul(valueOf(firstMoment), rate / correction1), divisor)
          const kept = keep === 1 ? valueOf(value) : tf.mul(valueOf(value), keep)
          replace(value, tf.sub(kept, move))
          replace(gradient, tf.zerosLike(g))
        })
      }
    },
  } satisfies Partial<Kernels>
}
