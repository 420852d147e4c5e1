import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import { wordPattern } from '#main/core/tokenizer/words.ts'
import { read, golden, train, fault, bpe } from './bench.ts'

describe('training', () => {
  test('learns the tokens that Hugging Face’s trainer learns, in the same order', () => {
    const { model } = JSON.parse(tokenizerFiles(bpe)[0]!.text) as {
      model: { merges: string[]; vocab: Record<string, number> }
    }
    expect(model.merges).toEqual(golden.merges)
    expect(Object.keys(model.vocab).sort((a, b) => model.vocab[a]! - model.vocab[b]!)).toEqual([
      ...golden.vocab,
      '<|endoftext|>',
    ])
  })

  test('gives exactly the vocabulary that was asked for', async () => {
    for (const vocabulary of [257, 258, 300, 1000])
      expect((await train(vocabulary, [read('moby-dick.txt')])).vocabulary).toBe(vocabulary)
  })

  test('finds every pair again that it would count from scratch', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[ab ]{1,30}$/), { minLength: 3, maxLength: 12 }),
        async (documents) => {
          const wanted = 266
          const trained = await train(wanted, documents).catch(() => null)
          fc.pre(trained !== null)
          expect(Array.from(trained!.table.pairs)).toEqual(countAgainAndAgain(documents, trained!.table.merged.length))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('says how large a vocabulary a small text allows', async () => {
    const error = await fault(() => train(500, ['aaaa']))
    expect(error).toMatchObject({ code: 'bad-input' })
    expect(error.message).toMatch(/it gives 259\. Choose at most that/)
    expect((await train(259, ['aaaa'])).vocabulary).toBe(259)
  })

  test.each([256, 32_769, 300.5, Number.NaN])('refuses a vocabulary of %s', async (vocabulary) => {
    expect((await fault(() => train(vocabulary, ['text']))).message).toContain('257 to 32768')
  })

  test('stops when asked', async () => {
    const stop = new AbortController()
    const training = trainTokenizer({ kind: 'bpe', vocabulary: 700 }, [read('moby-dick.txt')], stop.signal)
    await training.next()
    stop.abort()
    expect(await fault(() => training.next())).toMatchObject({ code: 'cancelled' })
  })
})

/** The obvious way: count all pairs, merge the most frequent, begin again. */
function countAgainAndAgain(documents: string[], merges: number): number[] {
  const idOf = (byte: number) => bpe.table.tokens.findIndex((token) => token.length === 1 && token[0] === byte)
  const words = documents.flatMap((text) =>
    (text.match(wordPattern) ?? []).map((word) => Array.from(Buffer.from(word), idOf)),
  )
  const tokens = bpe.table.tokens.slice(0, 256).map((token) => Buffer.from(token).toString('latin1'))
  const pairs: number[] = []
  while (pairs.length < 2 * merges) {
    const counts = new Map<number, number>()
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        const pair = word[at]! * 65_536 + word[at + 1]!
        counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
    }
    const [best] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]!
    const [left, right] = [Math.floor(best / 65_536), best % 65_536]
    pairs.push(left, right)
    // Two pairs can make the same token.
    const made = tokens[left]! + tokens[right]!
    const id = tokens.includes(made) ? tokens.indexOf(made) : tokens.push(made) - 1
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++)
        if (word[at] === left && word[at + 1] === right) word.splice(at, 2, id)
    }
  }
  return pairs
}
