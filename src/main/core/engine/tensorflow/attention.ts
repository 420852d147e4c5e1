// Causal self-attention in TensorFlow.js ops: probabilities are made again in the backward pass instead of being kept.
import type { KeyValueCache, Kernels } from '../kernels.ts'
import { treeAttentionInTurn } from '../tree-attention.ts'
import { valueOf, type Context, type Held, type TfTensor } from './context.ts'

interface HeldCache extends KeyValueCache {
  length: number
  readonly capacity: number
  /** Keys and values [B, h, length, s]; null while empty. */
  keys: Held | null
  values: Held | null
}

export function attentionKernels({ tf, scope, hold, futureMask }: Context) {
  /** [N, d] → [B, h, T, s]. */
  const splitHeads = (x: TfTensor, rows: number, context: number, heads: number) =>
    tf.transpose(tf.reshape(x, [rows, context, heads, x.shape[1]! / heads]), [0, 2, 1, 3])
  /** [B, h, T, s] → [N, d]. */
  const mergeHeads = (x: TfTensor) => {
    const [rows, heads, context, size] = x.shape
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows * context, heads * size])
  }
  const splitQkv = (qkv: TfTensor, rows: number, context: number, heads: number) =>
    tf.split(qkv, 3, 1).map((x) => splitHeads(x, rows, context, heads))

  /** Scaled and masked scores [B, h, T, past + T]. */
  function scoresOf(query: TfTensor, keys: TfTensor, scale: number): TfTensor {
    const context = query.shape[2]!
    const past = keys.shape[2]! - context
    const products = tf.matMul(tf.mul(query, scale), keys, false, true)
    if (context === 1) return products
    const masked = tf.add(products, futureMask(context, past))
    products.dispose()
    return masked
  }

  const kernels = {
    attention(qkv, { rows, context, heads, scale }) {
      const [output, logSumExp] = scope(() => {
        const [q, k, v] = splitQkv(valueOf(qkv), rows, context, heads)
        const scores = scoresOf(q, k, scale)
        const largest = tf.max(scores, -1, true) // [B, h, T, 1]
        const shifted = tf.sub(scores, largest)
        scores.dispose()
        const weights = tf.exp(shifted)
        shifted.dispose()
        const sum = tf.sum(weights, -1, true)
        const mixed = tf.div(tf.matMul(weights, v), sum) // [B, h, T, s]
        return [mergeHeads(mixed), mergeHeads(tf.add(largest, tf.log(sum)))]
      })
      return { output: hold(output), logSumExp: hold(logSumExp) }
    },

    attentionBackward: (dy, qkv, output, logSumExp, { rows, context, heads, scale }) =>
      hold(
        scope(() => {
          const [q, k, v] = splitQkv(valueOf(qkv), rows, context, heads)
          const [gradient, out, lse] = [dy, output, logSumExp].map((x) => splitHeads(valueOf(x), rows, context, heads))
          const scores = scoresOf(q, k, scale)
          const shifted = tf.sub(scores, lse)
          scores.dispose()
          const weights = tf.exp(shifted) // [B, h, T, T]
          shifted.dispose()
          const dValues = tf.matMul(weights, gradient, true, false)
          const mean = tf.sum(tf.mul(gradient, out), -1, true) // Σ_j p_j · (dy · v_j)
          const dWeights = tf.matMul(gradient, v, false, true)
          const centred = tf.sub(dWeights, mean)
          dWeights.dispose()
          const dScores = tf.mul(weights, centred)
          centred.dispose()
          weights.dispose()
          const dQueries = tf.mul(tf.matMul(dScores, k), scale)
          const dKeys = tf.mul(tf.matMul(dScores, q, true, false), scale)
          return tf.concat([dQueries, dKeys, dValues].map(mergeHeads), 1)
        }),
      ),

    cache(_rows, capacity) {
      const cache: HeldCache = {
        length: 0,
        capacity,
        keys: null,
        values: null,
        rewind(length) {
          if (length >= cache.length) return
          const [keys, values] = [cache.keys, cache.values].map((held) =>
            length > 0 ? hold(tf.slice(held!.value, [0, 0, 0, 0], [-1, -1, length, -1])) : null,
          )
          cache.dispose()
          Object.assign(cache, { length, keys, values })
        },
        dispose() {
          cache.keys?.dispose()
          cache.values?.dispose()
        },
      }
      return cache
    },

    cachedAttention(qkv, cache, { rows, context, heads, scale }) {
      const memory = cache as HeldCache
      if (memory.length + context > memory.capacity) {
        throw new Error(`${memory.length} + ${context} tokens do not fit a cache of ${memory.capacity}`)
      }
      const [output, keys, values] = scope(() => {
        const [q, newKeys, newValues] = splitQkv(valueOf(qkv), rows, context, heads)
        const k = memory.keys ? tf.concat([memory.keys.value, newKeys], 2) : newKeys
        const v = memory.values ? tf.concat([memory.values.value, newValues], 2) : newValues
        return [mergeHeads(tf.matMul(tf.softmax(scoresOf(q, k, scale)), v)), k, v]
      })
      memory.keys?.dispose()
      memory.values?.dispose()
      memory.keys = hold(keys)
      memory.values = hold(values)
      memory.length += context
      return hold(output)
    },
  } satisfies Partial<Kernels>
  return {
    ...kernels,
    treeAttention: treeAttentionInTurn(kernels, {
      slice: (x, from, count) => hold(tf.slice(valueOf(x), [from, 0], [count, x.shape[1]])),
      concat: (parts) => hold(scope(() => tf.concat(parts.map(valueOf), 0))),
    }),
  }
}
