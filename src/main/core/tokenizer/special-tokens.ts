// The one rule for special words in a text that a person gives a model: they are the token, not its letters.
import { endOfTextContent, type Tokenizer } from './tokenizer.ts'

/** What the rule asks of a tokenizer. */
export type PromptTokenizer = Pick<Tokenizer, 'endOfText'> & { encode(text: string): ArrayLike<number> }

/**
 * Ids of a prompt; every `<|endoftext|>` in it is the special token, as it is for transformers. A corpus is cut with
 * `encode` instead: there the letters of a document must not be able to end it.
 */
export function encodePrompt(tokenizer: PromptTokenizer, text: string): number[] {
  const parts = text.split(endOfTextContent)
  return parts.flatMap((part, i) => [...(i > 0 ? [tokenizer.endOfText] : []), ...Array.from(tokenizer.encode(part))])
}
