// How many ids a tokenizer choice has, known before it is trained.
import type { TokenizerChoice } from './choice.ts'

export function vocabularyOf(choice: TokenizerChoice): number {
  switch (choice.kind) {
    case 'bytes':
      return 257
    case 'bpe':
      return choice.vocabulary
    case 'gpt2':
      return 50_257
    case 'model':
      return choice.vocabulary
  }
}
