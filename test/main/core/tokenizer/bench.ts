// Texts and their published ids, and a tokenizer trained on one of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import type { Fault } from '#shared/fault.ts'

const fixtures = join(__dirname, '../../../fixtures/tokenizers')
export const read = (name: string) => readFileSync(join(fixtures, name), 'utf8')
export const golden = JSON.parse(read('golden.json')) as Record<'bytes' | 'bpe' | 'gpt2', number[][]> & {
  merges: string[]
  vocab: string[]
}
export const texts = JSON.parse(read('texts.json')) as string[]
const never = new AbortController().signal

export async function train(vocabulary: number, documents: Iterable<string>, signal = never): Promise<Tokenizer> {
  const training = trainTokenizer({ kind: 'bpe', vocabulary }, documents, signal)
  for (;;) {
    const step = await training.next()
    if (step.done) return step.value
  }
}

export const fault = async (work: () => unknown): Promise<Fault> => {
  try {
    await work()
  } catch (error) {
    return error as Fault
  }
  throw new Error('nothing failed')
}

export const bpe = await train(700, [read('moby-dick.txt')])

/** Any text without lone surrogates, and texts made of what tokenizers stumble over. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\t',
        '\u00a0',
        '\u0085',
        '\u3000',
        '\ufeff',
        "'",
        "'s",
        "'re",
        'a',
        'The',
        ' whale',
        '12',
        '½',
        '!',
        '…',
        '🐋',
        'é',
        '\r',
      ),
      { maxLength: 14 },
    )
    .map((parts) => parts.join('')),
)
