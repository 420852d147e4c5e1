// A text being continued: every block remembers keys and values, so one more token costs one row.
import type { ModelPlan } from '#shared/family/model.ts'
import { blocksInference } from './block.ts'
import { attentionGeometry, embedForward, headForward } from './embedding-and-head.ts'
import type { Continuation } from './engine.ts'
import type { Kernels, KeyValueCache, ModelWeights, Tensor } from './kernels.ts'

export function createContinuation(k: Kernels, w: ModelWeights, model: ModelPlan): Continuation {
  const { context, width } = model.shape
  const caches = w.blocks.map(() => k.cache(1, context, width))
  const nextToken = k.nextToken?.(w, model, caches)
  let length = 0

  return {
    get length() {
      return length
    },
    async feed(tokens) {
      if (tokens.length === 0) throw new Error('a continuation needs at least one token')
      if (length + tokens.length > context)
        throw new Error(`${length} + ${tokens.length} tokens do not fit the context of ${context}`)
      const last = tokens.length - 1
      // The head is wanted for the last token alone.
      if (last > 0) appendTokens(k, w, model, caches, tokens.subarray(0, last), length).dispose()
      length += tokens.length
      if (nextToken) return nextToken(tokens[last])
      const logits = headForward(k, w, appendTokens(k, w, model, caches, tokens.subarray(last), length - 1), model)
      const data = await k.read(logits)
      logits.dispose()
      return data
    },
    dispose() {
      for (const cache of caches) cache.dispose()
    },
  }
}

/** Tokens that follow the `held` ones in the caches run through all blocks, which keep theirs too: → x [tokens, d]. */
export function appendTokens(
  k: Kernels,
  w: ModelWeights,
  model: ModelPlan,
  caches: readonly KeyValueCache[],
  tokens: Int32Array,
  held: number,
): Tensor {
  const ids = k.ids(tokens)
  const places = k.ids(Int32Array.from(tokens, (_, i) => held + i))
  const x = embedForward(k, w, ids, places, model)
  ids.dispose()
  places.dispose()
  const geometry = attentionGeometry(model, 1, tokens.length)
  return blocksInference(k, w.blocks, x, model.activation, (qkv, layer) =>
    k.cachedAttention(qkv, caches[layer], geometry),
  )
}
