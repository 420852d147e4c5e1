// Text out of a model with its opinions shown: each token with its probability, and what else it might have been.
import { likeliestShown, type NextToken, type Written, type WrittenToken } from '#shared/inspection.ts'
import { createRandom } from '#shared/random.ts'
import type { GenerateOptions } from '#shared/run.ts'
import type { Engine } from '#main/core/engine/engine.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { rollingText } from './rolling.ts'
import { sampleToken } from './sample.ts'

/**
 * Yields each token as it is chosen; the same choices as `generate` makes. With 0 tokens only what would come next is
 * told.
 */
export async function* writeText(
  engine: Engine,
  tokenizer: Tokenizer,
  options: GenerateOptions,
  signal?: AbortSignal,
  nowMs: () => number = () => performance.now(),
): AsyncGenerator<WrittenToken, Written> {
  const random = createRandom(options.seed)
  const pieces = tokenizer.pieces(options.prompt)
  const prompt = pieces.map(({ id }) => id)
  if (prompt.length === 0) prompt.push(tokenizer.endOfText)
  const textOf = (id: number) => (id < tokenizer.vocabulary ? tokenizer.decode([id]) : '�')
  const written: WrittenToken[] = []
  const rolling = rollingText(engine, prompt)
  let next: NextToken[] = []
  const startedMs = nowMs()
  try {
    let logits = await rolling.begin()
    for (;;) {
      const opinion = opinionOf(logits)
      next = opinion.likeliest.map(([id, probability]) => ({ id, text: textOf(id), probability }))
      if (written.length >= options.tokens || signal?.aborted) break
      const id = sampleToken(logits, options, random)
      if (id === tokenizer.endOfText) break
      const token = { id, text: textOf(id), probability: opinion.probabilityOf(id), likeliest: next }
      written.push(token)
      yield token
      logits = await rolling.add(id)
    }
  } finally {
    rolling.dispose()
  }
  const seconds = (nowMs() - startedMs) / 1000
  const text = tokenizer.decode(written.map(({ id }) => id))
  return {
    prompt: pieces,
    tokens: written,
    text,
    next,
    tokensPerSecond: seconds > 0 ? written.length / seconds : 0,
    device: engine.device,
  }
}

/** softmax of the logits, before any temperature: the likeliest ids with their probabilities, and any other's. */
function opinionOf(logits: Float32Array): { likeliest: [number, number][]; probabilityOf: (id: number) => number } {
  let largest = -Infinity
  for (const logit of logits) if (logit > largest) largest = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - largest)
  const probabilityOf = (id: number) => Math.exp(logits[id] - largest) / sum
  const top: number[] = []
  for (let id = 0; id < logits.length; id++) {
    if (top.length === likeliestShown && logits[id] <= logits[top[top.length - 1]]) continue
    let at = top.length
    while (at > 0 && logits[id] > logits[top[at - 1]]) at--
    top.splice(at, 0, id)
    if (top.length > likeliestShown) top.pop()
  }
  return { likeliest: top.map((id) => [id, probabilityOf(id)]), probabilityOf }
}
