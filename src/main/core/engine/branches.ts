// Scoring texts that begin alike: what they share is computed once, and every product runs over all their tokens side
// by side.
import type { ModelPlan } from '#shared/family/model.ts'
import { afterAttention, release } from './block.ts'
import { embedForward, headForward } from './ends.ts'
import type { Branches, TokenScore } from './engine.ts'
import type { BranchSegment, Kernels, KeyValueCache, ModelWeights, Tensor } from './kernels.ts'

/** A run of tokens in one text: `rows` [from, from + count) of the batch, at position `at` of its text. */
interface Segment {
  tokens: Int32Array
  at: number
  from: number
}

/** One stem's rest, beyond the trunk, and its ends. */
interface Tree {
  stem: Segment
  ends: Segment[]
}

export interface BranchScorer {
  score(branches: readonly Branches[]): Promise<TokenScore[][][]>
  /** Forgets what was kept; to be called when the weights change. */
  forget(): void
}

/** A trunk shorter than this is not worth its bookkeeping. */
const shortestTrunk = 16

/**
 * Keeps the keys and values of the trunk, the tokens with which all stems of a call begin, from one call to the next:
 * prompts of
 * the same examples pay for them once.
 */
export function createBranchScorer(k: Kernels, w: ModelWeights, model: ModelPlan): BranchScorer {
  const { context, width } = model.shape
  let trunk = new Int32Array(0)
  let caches: KeyValueCache[] = []

  const forget = (): void => {
    for (const cache of caches) cache.dispose()
    caches = []
    trunk = new Int32Array(0)
  }

  /**
   * One forward pass over segments, in whose order a stem comes before its ends. → x [scored, d], of the `scored` rows
   * of [N, d] alone.
   */
  async function forward(
    trees: readonly Tree[],
    rows: number,
    base: number,
    scored: readonly number[],
  ): Promise<Tensor> {
    const segments = trees.flatMap(({ stem, ends }) => [stem, ...ends]).filter(({ tokens }) => tokens.length > 0)
    const embedded = new Float32Array(rows * width)
    for (const { tokens, at, from } of segments) {
      embedded.set(await readAndDispose(k, embedOne(tokens, at)), from * width)
    }
    let x = k.tensor([rows, width], embedded)
    for (const [i, block] of w.blocks.entries()) {
      const norm = k.layerNorm(x, block.norm1.gain, block.norm1.bias)
      const qkv = k.linear(norm.output, block.attention.weight, block.attention.bias)
      release(norm)
      let mixed = await attend(trees, rows, base, caches[i], qkv)
      if (i === w.blocks.length - 1) {
        // after the last attention nobody looks at the other rows any more
        x = await pick(x, scored)
        mixed = await pick(mixed, scored)
      }
      x = afterAttention(k, block, x, mixed, model.activation)
    }
    return x
  }

  /** Rows of a tensor [N, d] → [rows, d]. Takes over `x`. */
  async function pick(x: Tensor, rows: readonly number[]): Promise<Tensor> {
    if (rows.length === x.shape[0]) return x
    const all = await readAndDispose(k, x)
    const picked = new Float32Array(rows.length * width)
    rows.forEach((row, n) => picked.set(all.subarray(row * width, (row + 1) * width), n * width))
    return k.tensor([rows.length, width], picked)
  }

  /** Attention along each path of each tree: qkv [N, 3d] → [N, d]. Takes over `qkv`. */
  async function attend(
    trees: readonly Tree[],
    rows: number,
    base: number,
    trunkCache: KeyValueCache | undefined,
    qkv: Tensor,
  ): Promise<Tensor> {
    if (!k.branchAttention)
      return k.tensor([rows, width], await attendInTurn(trees, rows, base, trunkCache, await readAndDispose(k, qkv)))
    const segments = trees.flatMap(({ stem, ends }): BranchSegment[] => [
      { count: stem.tokens.length, isStem: true },
      ...ends.map(({ tokens }) => ({ count: tokens.length, isStem: false })),
    ])
    const mixed = k.branchAttention(qkv, segments, trunkCache ?? null, {
      heads: model.shape.heads,
      scale: model.parametrisation.attentionScale,
    })
    qkv.dispose()
    return mixed
  }

  /** The same piece by piece. */
  async function attendInTurn(
    trees: readonly Tree[],
    rows: number,
    base: number,
    trunkCache: KeyValueCache | undefined,
    qkv: Float32Array,
  ): Promise<Float32Array> {
    const output = new Float32Array(rows * width)
    const along = async ({ tokens, from }: Segment, cache: KeyValueCache) => {
      if (tokens.length === 0) return
      const part = k.tensor(
        [tokens.length, 3 * width],
        qkv.subarray(from * 3 * width, (from + tokens.length) * 3 * width),
      )
      const mixed = k.cachedAttention(part, cache, {
        rows: 1,
        context: tokens.length,
        heads: model.shape.heads,
        scale: model.parametrisation.attentionScale,
      })
      part.dispose()
      output.set(await readAndDispose(k, mixed), from * width)
    }
    const longest = Math.max(
      ...trees.map(({ stem, ends }) => stem.tokens.length + Math.max(...ends.map(({ tokens }) => tokens.length))),
    )
    const cache = trunkCache ?? k.cache(1, longest, width)
    for (const { stem, ends } of trees) {
      cache.rewind(base)
      await along(stem, cache)
      for (const end of ends) {
        cache.rewind(base + stem.tokens.length)
        await along(end, cache)
      }
    }
    if (cache === trunkCache) cache.rewind(base)
    else cache.dispose()
    return output
  }

  /** Makes the caches hold the first `length` tokens of `stem`, keeping what they hold already. */
  async function growTrunk(stem: Int32Array, length: number): Promise<void> {
    const kept = sharedLength(trunk, stem, length)
    if (caches.length === 0) caches = w.blocks.map(() => k.cache(1, context, width))
    for (const cache of caches) cache.rewind(kept)
    if (kept < length) {
      const count = length - kept
      let x = embedOne(stem.slice(kept, length), kept)
      for (const [i, block] of w.blocks.entries()) {
        const norm = k.layerNorm(x, block.norm1.gain, block.norm1.bias)
        const qkv = k.linear(norm.output, block.attention.weight, block.attention.bias)
        release(norm)
        const geometry = {
          rows: 1,
          context: count,
          heads: model.shape.heads,
          scale: model.parametrisation.attentionScale,
        }
        const mixed = k.cachedAttention(qkv, caches[i], geometry)
        qkv.dispose()
        x = afterAttention(k, block, x, mixed, model.activation)
      }
      x.dispose()
    }
    trunk = stem.slice(0, length)
  }

  function embedOne(tokens: Int32Array, at: number): Tensor {
    const ids = k.ids(tokens)
    const x = embedForward(k, w, ids, tokens.length, model, at)
    ids.dispose()
    return x
  }

  return {
    forget,
    async score(branches) {
      const base = trunkLength(branches)
      if (base > 0) await growTrunk(branches[0].stem, base)
      else forget()
      let rows = 0
      const place = (tokens: Int32Array, at: number): Segment => {
        const from = rows
        rows += tokens.length
        return { tokens, at, from }
      }
      const trees = branches.map(({ stem, ends }): Tree => ({
        stem: place(stem.subarray(base), base),
        ends: ends.map(({ inputs }) => place(inputs, stem.length)),
      }))
      const targets = new Int32Array(rows).fill(-1)
      branches.forEach(({ ends }, b) => ends.forEach((end, e) => targets.set(end.targets, trees[b].ends[e].from)))
      const scores = await scoreRows(k, w, model, await forward(trees, rows, base, scoredRows(targets)), targets)
      return trees.map(({ ends }) => ends.map(({ from, tokens }) => scores.slice(from, from + tokens.length)))
    },
  }
}

function scoredRows(targets: Int32Array): number[] {
  const scored: number[] = []
  targets.forEach((target, row) => {
    if (target >= 0) scored.push(row)
  })
  return scored
}

/**
 * Scores of the rows whose target is not below 0: x [N, d], or x of those rows alone, → N scores, an unscored row with
 * NaN and false. Only
 * scored rows go through the head, which with a large vocabulary costs more than a small model's blocks. Takes over
 * `x`.
 */
export async function scoreRows(
  k: Kernels,
  w: ModelWeights,
  model: ModelPlan,
  x: Tensor,
  targets: Int32Array,
): Promise<TokenScore[]> {
  const { width, vocabulary } = model.shape
  const scored = scoredRows(targets)
  const isPicked = x.shape[0] === scored.length
  const all = await readAndDispose(k, x)
  const scores = Array.from(targets, (): TokenScore => ({ logProbability: NaN, isGreedy: false }))
  const rowsAtOnce = Math.max(1, Math.floor(largestLogits / vocabulary))
  for (let first = 0; first < scored.length; first += rowsAtOnce) {
    const rows = scored.slice(first, first + rowsAtOnce)
    const gathered = new Float32Array(rows.length * width)
    if (isPicked) gathered.set(all.subarray(first * width, (first + rows.length) * width))
    else rows.forEach((row, n) => gathered.set(all.subarray(row * width, (row + 1) * width), n * width))
    const ids = k.ids(Int32Array.from(rows, (row) => targets[row]))
    const logits = headForward(k, w, k.tensor([rows.length, width], gathered), model)
    const losses = await readAndDispose(k, k.crossEntropy(logits, ids))
    ids.dispose()
    const places = await k.largest?.(logits)
    const values = places ? null : await k.read(logits)
    logits.dispose()
    rows.forEach((row, n) => {
      const isGreedy = places
        ? places[n] === targets[row]
        : isLargest(values!.subarray(n * vocabulary, (n + 1) * vocabulary), targets[row])
      scores[row] = { logProbability: -losses[n], isGreedy }
    })
  }
  return scores
}

/** Logits held at once, numbers: 64 MiB; the head's weights go through the processor once for all of them. */
const largestLogits = 1 << 24

/** Whether `at` is the first of the largest. */
function isLargest(values: Float32Array, at: number): boolean {
  const value = values[at]
  for (let i = 0; i < at; i++) if (values[i] >= value) return false
  for (let i = at + 1; i < values.length; i++) if (values[i] > value) return false
  return true
}

/** How many tokens all stems begin with, where that is worth keeping. */
function trunkLength(branches: readonly Branches[]): number {
  const { stem } = branches[0]
  const length = branches.reduce((shared, other) => sharedLength(stem, other.stem, shared), stem.length)
  return length < shortestTrunk ? 0 : length
}

function sharedLength(a: Int32Array, b: Int32Array, atMost: number): number {
  let length = 0
  while (length < atMost && length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

async function readAndDispose(k: Kernels, tensor: Tensor): Promise<Float32Array> {
  const data = await k.read(tensor)
  tensor.dispose()
  return data
}
