// Text out of a model, one token after another, each with its probability and with what else it might have been.
import { Fault } from '#shared/fault.ts'
import { candidatesShown, type Generated, type GeneratedToken, type NextToken } from '#shared/inspection.ts'
import { createRandom } from '#shared/random.ts'
import type { GenerateOptions } from '#shared/run.ts'
import type { Engine } from '#main/core/engine/engine.ts'
import { encodePrompt } from '#main/core/tokenizer/special-tokens.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { rollingText } from './rolling.ts'
import { sampleToken, topK } from './sample.ts'

/** What generating asks of a tokenizer. */
export type TextTokenizer = Pick<Tokenizer, 'endOfText' | 'vocabulary' | 'decode'> & {
  encode(text: string): ArrayLike<number>
}

/** A token as it is drawn, null where the text ends, and the logits of all that it might have been. */
interface Draw {
  id: number | null
  logits: Float32Array
}

/**
 * Continues the prompt; yields each token as it is drawn and returns the whole. Ends early at an end of text or when
 * `signal` aborts; with 0 tokens only what would come next is told.
 */
export async function* generate(
  engine: Engine,
  tokenizer: TextTokenizer,
  options: GenerateOptions,
  signal?: AbortSignal,
  nowMs: () => number = () => performance.now(),
): AsyncGenerator<GeneratedToken, Generated> {
  const textOf = (id: number) => tokenizer.decode([id])
  const prompt = encodePrompt(tokenizer, options.prompt)
  const tokens: GeneratedToken[] = []
  const { candidates = candidatesShown } = options
  let next: NextToken[] = []
  const startedMs = nowMs()
  for await (const { id, logits } of drawTokens(engine, tokenizer, prompt, options, signal)) {
    const candidateIds = topK(logits, Math.max(1, candidates))
    const probabilityOf = softmaxOf(logits, logits[candidateIds[0]])
    next = candidateIds
      .slice(0, candidates)
      .map((one) => ({ id: one, text: textOf(one), probability: probabilityOf(one) }))
    if (id === null) break
    const token = { id, text: textOf(id), probability: probabilityOf(id), candidates: next }
    tokens.push(token)
    yield token
  }
  const seconds = (nowMs() - startedMs) / 1000
  return {
    prompt: prompt.map((id) => ({ id, text: textOf(id) })),
    tokens,
    text: tokenizer.decode(tokens.map(({ id }) => id)),
    next,
    tokensPerSecond: seconds > 0 ? tokens.length / seconds : 0,
    device: engine.device,
  }
}

/** The text that `generate` adds, without the probabilities, which take longer than the tokens of a small model. */
export async function generateText(
  engine: Engine,
  tokenizer: TextTokenizer,
  options: GenerateOptions,
): Promise<string> {
  const ids: number[] = []
  for await (const { id } of drawTokens(engine, tokenizer, encodePrompt(tokenizer, options.prompt), options))
    if (id !== null) ids.push(id)
  return tokenizer.decode(ids)
}

/**
 * The one loop that makes text. A text that outgrows the context goes on from its last half. Ids beyond the tokenizer's
 * vocabulary, with which many models pad theirs, are never drawn.
 */
async function* drawTokens(
  engine: Engine,
  tokenizer: TextTokenizer,
  prompt: readonly number[],
  options: GenerateOptions,
  signal?: AbortSignal,
): AsyncGenerator<Draw, void> {
  checkOptions(options)
  const random = createRandom(options.seed)
  const rolling = rollingText(engine, prompt.length > 0 ? prompt : [tokenizer.endOfText])
  const drawable = (logits: Float32Array) => logits.subarray(0, tokenizer.vocabulary)
  try {
    let logits = drawable(await rolling.begin())
    for (let drawn = 0; drawn < options.tokens && !signal?.aborted; drawn++) {
      const id = sampleToken(logits, options, random)
      if (id === tokenizer.endOfText) break
      yield { id, logits }
      logits = drawable(await rolling.add(id))
    }
    yield { id: null, logits }
  } finally {
    rolling.dispose()
  }
}

/** Softmax of the logits, before any temperature. Throws Fault 'diverged' where they are no numbers. */
function softmaxOf(logits: Float32Array, largest: number): (id: number) => number {
  let sum = 0
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id] - largest)
  if (Number.isNaN(sum))
    throw new Fault('diverged', 'What this model expects next is not a number: its weights are broken. Choose another.')
  return (id) => Math.exp(logits[id] - largest) / sum
}

function checkOptions({ tokens, temperature, topK, topP, seed }: GenerateOptions): void {
  const wrong = (field: string, what: string, value: number) =>
    new Fault('bad-input', `${field}: must be ${what}; it is ${value}.`)
  if (!Number.isInteger(tokens) || tokens < 0) throw wrong('tokens', 'a whole number from 0', tokens)
  if (!Number.isFinite(temperature) || temperature < 0) throw wrong('temperature', 'a number from 0', temperature)
  if (!Number.isInteger(topK) || topK < 0) throw wrong('topK', 'a whole number from 0', topK)
  if (!(topP > 0 && topP <= 1)) throw wrong('topP', 'above 0 and at most 1', topP)
  if (!Number.isInteger(seed)) throw wrong('seed', 'a whole number', seed)
}
