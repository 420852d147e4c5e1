// A text being continued: every block remembers keys and values, so one more token costs one row.
import type { ModelPlan } from '#shared/family/model.ts'
import { blockInference } from './block.ts'
import { blockForm, embedForward, headForward } from './ends.ts'
import type { Continuation } from './engine.ts'
import type { Kernels, ModelWeights, Tensor } from './kernels.ts'

export function createContinuation(k: Kernels, w: ModelWeights, model: ModelPlan): Continuation {
  const { context, width } = model.shape
  const caches = w.blocks.map(() => k.cache(1, context, width))
  const nextToken = k.nextToken?.(w, model, caches)
  let length = 0

  /** Runs tokens through all blocks: → x [tokens, d]. */
  function advance(tokens: Int32Array): Tensor {
    const ids = k.ids(tokens)
    let x = embedForward(k, w, ids, tokens.length, model, length)
    ids.dispose()
    const form = blockForm(model, 1, tokens.length)
    w.blocks.forEach((block, i) => {
      x = blockInference(k, block, x, form, caches[i])
    })
    length += tokens.length
    return x
  }

  return {
    get length() {
      return length
    },
    async feed(tokens) {
      if (tokens.length === 0) throw new Error('a continuation needs at least one token')
      if (length + tokens.length > context)
        throw new Error(`${length} + ${tokens.length} tokens do not fit the context of ${context}`)
      const last = tokens.length - 1
      if (last > 0) advance(tokens.subarray(0, last)).dispose() // the head is wanted for the last token alone
      if (nextToken) {
        length++
        return nextToken(tokens[last])
      }
      const logits = headForward(k, w, advance(tokens.subarray(last)), model)
      const data = await k.read(logits)
      logits.dispose()
      return data
    },
    dispose() {
      for (const cache of caches) cache.dispose()
    },
  }
}
