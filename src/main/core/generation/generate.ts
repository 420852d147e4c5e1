// Text out of a model: one token after another, until enough or the end of a text.
import { Fault } from '#shared/fault.ts'
import { createRandom } from '#shared/random.ts'
import type { Generated, GenerateOptions } from '#shared/run.ts'
import type { Engine } from '#main/core/engine/engine.ts'
import { rollingText } from './rolling.ts'
import { sampleToken } from './sample.ts'

/** What generating asks of a tokenizer. */
export interface TextTokenizer {
  readonly endOfText: number
  encode(text: string): ArrayLike<number>
  decode(ids: number[]): string
}

export interface GeneratedPiece {
  /** Whole characters only; may be empty while one is incomplete. */
  text: string
  /** Added so far. */
  tokens: number
}

/**
 * Continues the prompt; yields a piece after each token and returns the whole added text. Ends early at an end of text
 * or when `signal`
 * aborts. A text that outgrows the context goes on from its last half.
 */
export async function* generate(
  engine: Engine,
  tokenizer: TextTokenizer,
  options: GenerateOptions,
  signal?: AbortSignal,
  nowMs: () => number = () => performance.now(),
): AsyncGenerator<GeneratedPiece, Generated> {
  checkOptions(options)
  const random = createRandom(options.seed)
  const characters = createWholeCharacters(tokenizer)
  const prompt = Array.from(tokenizer.encode(options.prompt))
  if (prompt.length === 0) prompt.push(tokenizer.endOfText)

  const rolling = rollingText(engine, prompt)
  let text = ''
  let tokens = 0
  const startedMs = nowMs()
  try {
    let logits = await rolling.begin()
    while (tokens < options.tokens && !signal?.aborted) {
      const id = sampleToken(logits, options, random)
      if (id === tokenizer.endOfText) break
      tokens++
      const piece = characters.add(id)
      text += piece
      yield { text: piece, tokens }
      if (tokens === options.tokens) break
      logits = await rolling.add(id)
    }
    const rest = characters.rest()
    text += rest
    if (rest) yield { text: rest, tokens }
  } finally {
    rolling.dispose()
  }
  const seconds = (nowMs() - startedMs) / 1000
  return { text, tokens, tokensPerSecond: seconds > 0 ? tokens / seconds : 0 }
}

/**
 * Gives text as soon as it can no longer change: a character whose last bytes are still to come decodes to one U+FFFD
 * at the end, which is
 * held back until the next token completes or breaks it. The pieces joined are exactly the text of all tokens.
 */
export function createWholeCharacters(tokenizer: Pick<TextTokenizer, 'decode'>): {
  add(id: number): string
  rest(): string
} {
  let held: number[] = []
  let given = 0 // characters of the held tokens' text that were given already
  const give = (text: string, upTo: number) => {
    const piece = text.slice(given, upTo)
    given = upTo
    return piece
  }
  const forget = () => {
    held = []
    given = 0
  }
  return {
    add(id) {
      held.push(id)
      const text = tokenizer.decode(held)
      if (text.endsWith('\uFFFD')) return give(text, Math.max(given, text.length - 1))
      const piece = give(text, text.length)
      forget()
      return piece
    },
    rest() {
      const text = tokenizer.decode(held)
      const piece = give(text, text.length)
      forget()
      return piece
    },
  }
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
