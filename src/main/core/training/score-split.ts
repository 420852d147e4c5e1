// The validation split in blocks: a fixed random part of it while a run lasts, all of it where a run becomes a point of
// a law.
import type { SplitScore } from '#shared/run.ts'
import type { Batch } from '#main/core/engine/engine.ts'
import type { TokenReader } from '#main/platform/disk/token-files.ts'
import { createBatches } from './batches.ts'

/** Which sequences are drawn: the same for every run of a text, so that their losses can be held against each other. */
const drawingSeed = 0
/** A split beyond it is scored on so many tokens, drawn at random: their standard error is then below 0.001 nats. */
const mostTokens = 2 ** 22
/** Blocks that a standard error is taken over, at least, where there are as many sequences. */
const fewestBlocks = 32

export interface SplitBlocks {
  /** The part that is scored along the way; the same at every call. */
  part(): Iterable<Batch>
  /** The whole split. */
  whole(): Iterable<Batch>
}

/** `sequences` are drawn for the part; no block has more than `rows` sequences. A split without one has no blocks. */
export function splitBlocks(
  tokens: TokenReader,
  { context, sequences, rows }: { context: number; sequences: number; rows: number },
): SplitBlocks | null {
  if (tokens.length <= context) return null
  const open = (seed: number | null) => createBatches({ tokens, context, rows: 1, seed })
  const [inOrder, drawn] = [open(null), open(drawingSeed)]
  function* blocks(from: typeof drawn, wanted: number): Iterable<Batch> {
    const count = Math.min(wanted, from.sequences)
    const size = Math.min(rows, Math.max(1, Math.floor(count / fewestBlocks)))
    for (let first = 0; first < count; first += size)
      yield from.batchAt(0, { from: first, rows: Math.min(size, count - first) })
  }
  const most = Math.max(1, Math.floor(mostTokens / context))
  return { part: () => blocks(drawn, sequences), whole: () => blocks(inOrder.sequences > most ? drawn : inOrder, most) }
}

/**
 * Mean loss over blocks, null where there are none or `isStopped` says so between two. The standard error is that of a
 * mean of blocks, as neighbouring tokens are no independent draws of a text; null for one block.
 */
export async function scoreBlocks(
  loss: (batch: Batch) => Promise<number>,
  blocks: Iterable<Batch>,
  isStopped: () => boolean = () => false,
): Promise<SplitScore | null> {
  const scored: { loss: number; tokens: number }[] = []
  for (const batch of blocks) {
    if (isStopped()) return null
    scored.push({ loss: await loss(batch), tokens: batch.rows * batch.columns })
    await new Promise((resolve) => setImmediate(resolve)) // lets a request to stop come in
  }
  const tokens = scored.reduce((sum, one) => sum + one.tokens, 0)
  if (tokens === 0) return null
  const mean = scored.reduce((sum, one) => sum + one.loss * one.tokens, 0) / tokens
  const squares = scored.reduce((sum, one) => sum + ((one.tokens / tokens) * (one.loss - mean)) ** 2, 0)
  const { length } = scored
  return { loss: mean, tokens, standardError: length < 2 ? null : Math.sqrt((squares * length) / (length - 1)) }
}
