// Scoring texts that begin alike: what they share is computed once, and every product runs over all their tokens side
// by side.
import type { ModelPlan } from '#shared/family/model.ts'
import { blocksInference } from './block.ts'
import { appendTokens } from './continuation.ts'
import { embedForward, headForward } from './embedding-and-head.ts'
import type { PrefixTree, TokenScore } from './engine.ts'
import type { Kernels, KeyValueCache, ModelWeights, Tensor } from './kernels.ts'

export interface PrefixScorer {
  score(trees: readonly PrefixTree[]): Promise<TokenScore[][][]>
  /** Forgets what was kept; to be called when the weights change. */
  forget(): void
}

/** A shared prefix shorter than this is not worth its bookkeeping. */
const shortestShared = 16

/**
 * Keeps the keys and values of the tokens with which all prefixes of a call begin, from one call to the next: prompts
 * of the same examples pay for them once.
 */
export function createPrefixScorer(k: Kernels, w: ModelWeights, model: ModelPlan): PrefixScorer {
  const { context, width, heads } = model.shape
  const scale = model.parametrisation.attentionScale
  let shared = new Int32Array(0)
  let caches: KeyValueCache[] = []

  function forget(): void {
    for (const cache of caches) cache.dispose()
    caches = []
    shared = new Int32Array(0)
  }

  /** Makes the caches hold the first `length` tokens of `prefix`, keeping what they hold already. */
  function share(prefix: Int32Array, length: number): void {
    const kept = sharedLength(shared, prefix, length)
    if (caches.length === 0) caches = w.blocks.map(() => k.cache(1, context, width))
    for (const cache of caches) cache.rewind(kept)
    if (kept < length) appendTokens(k, w, model, caches, prefix.slice(kept, length), kept).dispose()
    shared = prefix.slice(0, length)
  }

  /** One forward pass over all texts beyond their first `base` tokens → x [scored, d], of the scored rows alone. */
  function forward(trees: readonly PrefixTree[], base: number, scored: readonly number[]): Tensor {
    const segments = trees.flatMap(({ prefix, suffixes }) => [
      { tokens: prefix.subarray(base), at: base, isPrefix: true },
      ...suffixes.map(({ inputs }) => ({ tokens: inputs, at: prefix.length, isPrefix: false })),
    ])
    const ids = k.ids(Int32Array.from(segments.flatMap(({ tokens }) => [...tokens])))
    const places = k.ids(Int32Array.from(segments.flatMap(({ tokens, at }) => Array.from(tokens, (_, i) => at + i))))
    const rows = scored.length < ids.length ? k.ids(Int32Array.from(scored)) : undefined
    const kinds = segments.map(({ tokens, isPrefix }) => ({ count: tokens.length, isPrefix }))
    const x = blocksInference(
      k,
      w.blocks,
      embedForward(k, w, ids, places, model),
      model.activation,
      (qkv, layer) => k.treeAttention(qkv, kinds, caches[layer] ?? null, { heads, scale }),
      rows, // after the last attention nobody looks at the other rows any more
    )
    for (const one of [ids, places, rows]) one?.dispose()
    return x
  }

  return {
    forget,
    async score(trees) {
      const base = commonLength(trees)
      if (base > 0) share(trees[0].prefix, base)
      else forget()
      const targets = trees.flatMap(({ prefix, suffixes }) => [
        ...new Int32Array(prefix.length - base).fill(-1),
        ...suffixes.flatMap((suffix) => [...suffix.targets]),
      ])
      const scores = await scoreRows(k, w, model, forward(trees, base, scoredRows(targets)), targets)
      let row = 0
      return trees.map(({ prefix, suffixes }) => {
        row += prefix.length - base
        return suffixes.map(({ inputs }) => scores.slice(row, (row += inputs.length)))
      })
    },
  }
}

function scoredRows(targets: ArrayLike<number>): number[] {
  const scored: number[] = []
  for (let row = 0; row < targets.length; row++) if (targets[row] >= 0) scored.push(row)
  return scored
}

/**
 * Scores of the rows whose target is not below 0: x [N, d], or x of those rows alone, → N scores, an unscored row with
 * NaN and false. Only scored rows go through the head, which with a large vocabulary costs more than a small model's
 * blocks. Takes over `x`.
 */
export async function scoreRows(
  k: Kernels,
  w: ModelWeights,
  model: ModelPlan,
  x: Tensor,
  targets: ArrayLike<number>,
): Promise<TokenScore[]> {
  const scored = scoredRows(targets)
  const isGathered = x.shape[0] === scored.length
  const scores = Array.from(targets, (): TokenScore => ({ logProbability: NaN, isGreedy: false }))
  const rowsAtOnce = Math.max(1, Math.floor(largestLogits / model.shape.vocabulary))
  for (let first = 0; first < scored.length; first += rowsAtOnce) {
    const rows = scored.slice(first, first + rowsAtOnce)
    const places = k.ids(Int32Array.from(rows, (row, n) => (isGathered ? first + n : row)))
    const ids = k.ids(Int32Array.from(rows, (row) => targets[row]))
    const logits = headForward(k, w, k.gatherRows(x, places), model)
    const losses = k.crossEntropy(logits, ids)
    const lossOf = await k.read(losses)
    const greedy = await k.argmax(logits)
    for (const one of [places, ids, logits, losses]) one.dispose()
    rows.forEach((row, n) => {
      scores[row] = { logProbability: -lossOf[n], isGreedy: greedy[n] === targets[row] }
    })
  }
  x.dispose()
  return scores
}

/** Logits held at once, numbers: 64 MiB; the head's weights go through the processor once for all of them. */
const largestLogits = 1 << 24

/** How many tokens all prefixes begin with, where that is worth keeping. */
function commonLength(trees: readonly PrefixTree[]): number {
  const { prefix } = trees[0]
  const length = trees.reduce((common, other) => sharedLength(prefix, other.prefix, common), prefix.length)
  return length < shortestShared ? 0 : length
}

function sharedLength(a: Int32Array, b: Int32Array, atMost: number): number {
  let length = 0
  while (length < atMost && length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}
