import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { loadTokenizer, saveTokenizer } from '#main/core/tokenizer/files.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { parseTokenizer } from '#main/core/tokenizer/tokenizer-json.ts'
import { createByteTokenizer, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import { eachWord, wordPattern } from '#main/core/tokenizer/words.ts'
import type { Fault } from '#shared/fault.ts'

const fixtures = join(__dirname, '../../../fixtures/tokenizers')
const read = (name: string) => readFileSync(join(fixtures, name), 'utf8')
const golden = JSON.parse(read('golden.json')) as Record<'bytes' | 'bpe' | 'gpt2', number[][]> & {
  merges: string[]
  vocab: string[]
}
const texts = JSON.parse(read('texts.json')) as string[]
const never = new AbortController().signal

async function train(vocabulary: number, documents: Iterable<string>, signal = never): Promise<Tokenizer> {
  const training = trainTokenizer({ kind: 'bpe', vocabulary }, documents, signal)
  for (;;) {
    const step = await training.next()
    if (step.done) return step.value
  }
}

const fault = async (work: () => unknown): Promise<Fault> => {
  try {
    await work()
  } catch (error) {
    return error as Fault
  }
  throw new Error('nothing failed')
}

const bpe = await train(700, [read('moby-dick.txt')])
const kinds = { bytes: createByteTokenizer(), bpe, gpt2: createGpt2Tokenizer() }
const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Any text without lone surrogates, and texts made of what tokenizers stumble over. */
const anyText = fc.oneof(
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

describe.each(Object.entries(kinds))('%s', (kind, tokenizer) => {
  test('gives the ids that Hugging Face gives from its files', () => {
    texts.forEach((text, index) =>
      expect({ text, ids: [...tokenizer.encode(text)] }).toEqual({
        text,
        ids: golden[kind as keyof typeof kinds][index],
      }),
    )
  })

  test('decodes what it encoded to the same text', () => {
    fc.assert(
      fc.property(anyText, (text) => tokenizer.decode(tokenizer.encode(text)) === text),
      { numRuns: 500 },
    )
  })

  test('is the same after it was saved and loaded', () => {
    saveTokenizer(folder, tokenizer)
    const loaded = loadTokenizer(folder)
    expect(loaded.choice).toEqual(tokenizer.choice)
    expect(loaded.vocabulary).toBe(tokenizer.vocabulary)
    expect(loaded.endOfText).toBe(tokenizer.endOfText)
    for (const text of texts) expect(loaded.encode(text)).toEqual(tokenizer.encode(text))
    expect(tokenizerFiles(loaded)).toEqual(tokenizerFiles(tokenizer))
  })

  test('cuts a text into pieces with the ids of the whole', () => {
    for (const text of texts) expect(tokenizer.pieces(text).map(({ id }) => id)).toEqual([...tokenizer.encode(text)])
    expect(
      tokenizer
        .pieces('ab')
        .map(({ text }) => text)
        .join(''),
    ).toBe('ab')
  })

  test('takes the end-of-text marker in a text for text, and ends texts with a token of its own', () => {
    const marker = '<|endoftext|>'
    expect([...tokenizer.encode(marker)]).not.toContain(tokenizer.endOfText)
    expect(tokenizer.decode(tokenizer.encode(marker))).toBe(marker)
    expect(tokenizer.decode([tokenizer.endOfText])).toBe(marker)
    expect(tokenizer.endOfText).toBe(tokenizer.vocabulary - 1)
  })

  test('counts a lone surrogate as U+FFFD', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b\udc00'))).toBe('a\ufffdb\ufffd')
  })

  test('is quick with a long text that has no blank', () => {
    const text = 'abcdefghij'.repeat(20_000)
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})

test('half a character is shown as �', () => {
  expect(kinds.bytes.pieces('é')).toEqual([
    { id: 0xc3, text: '�' },
    { id: 0xa9, text: '�' },
  ])
  expect(kinds.bytes.decode([0xc3])).toBe('�')
  expect(kinds.bytes.decode([97, 300, -1, 98])).toBe('a��b') // models often have more ids than their tokenizer
})

test('a byte-order mark survives', () => {
  expect(kinds.gpt2.decode(kinds.gpt2.encode('\ufeffx'))).toBe('\ufeffx')
})

test('GPT-2 ids equal the published tokenizer’s', () => {
  for (const line of read('gpt2-oracle.jsonl').trim().split('\n')) {
    const { text, ids } = JSON.parse(line) as { text: string; ids: number[] }
    expect({ text, ids: [...kinds.gpt2.encode(text)] }).toEqual({ text, ids })
    expect(kinds.gpt2.decode(ids)).toBe(text)
  }
})

test('GPT-2’s files are written byte for byte as OpenAI published them', () => {
  const hashes = Object.fromEntries(
    tokenizerFiles(kinds.gpt2).map(({ name, text }) => [name, createHash('sha256').update(text).digest('hex')]),
  )
  // Pinned in openai/tiktoken, tiktoken_ext/openai_public.py.
  expect(hashes['merges.txt']).toBe('1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5')
  expect(hashes['vocab.json']).toBe('196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783')
  expect(kinds.gpt2.vocabulary).toBe(50_257)
  expect(kinds.gpt2.endOfText).toBe(50_256)
})

test('words are those of GPT-2’s pattern', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), (text) => {
      const words: string[] = []
      eachWord(text, (from, to) => words.push(text.slice(from, to)))
      expect(words).toEqual(text.match(wordPattern) ?? [])
    }),
    { numRuns: 2000 },
  )
})

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

describe('a file that is no tokenizer', () => {
  const good = JSON.parse(tokenizerFiles(kinds.bpe)[0]!.text) as {
    model: { vocab: Record<string, number>; merges: string[] }
    added_tokens: unknown[]
  }
  const changed = (change: (file: typeof good) => void) => {
    const file = structuredClone(good)
    change(file)
    return JSON.stringify(file)
  }
  test.each([
    ['not JSON', '{', /not JSON/],
    ['another model', '{"model":{"type":"Unigram"}}', /no BPE model/],
    ['null', 'null', /no BPE model/],
    [
      'without end of text',
      changed((file) => {
        file.added_tokens = []
        delete file.model.vocab['<|endoftext|>']
      }),
      /no <\|endoftext\|>/,
    ],
    [
      'without a byte',
      changed((file) => {
        file.model.vocab['a'] = 5000
      }),
      /gaps/,
    ],
    [
      'a merge of strangers',
      changed((file) => {
        file.model.merges[0] = 'qq zz'
      }),
      /its merge 1 /,
    ],
    [
      'characters that are no bytes',
      changed((file) => {
        file.model.vocab['年'] = file.model.vocab['a']!
        delete file.model.vocab['a']
      }),
      /is no bytes/,
    ],
  ])('%s is refused in a sentence', async (_name, json, message) => {
    const error = await fault(() => parseTokenizer(json, 'tokenizer.json'))
    expect(error).toMatchObject({ code: 'damaged' })
    expect(error.message).toMatch(message)
  })

  test('the form that OpenAI published, without a type and with empty affixes, is read', () => {
    const file = JSON.parse(changed(() => {})) as { model: Record<string, unknown>; post_processor: unknown }
    delete file.model.type
    delete file.model.byte_fallback
    delete file.model.ignore_merges
    Object.assign(file.model, { continuing_subword_prefix: '', end_of_word_suffix: '' })
    file.post_processor = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false }
    const read = parseTokenizer(JSON.stringify(file), 'tokenizer.json')
    const text = 'The loss falls slowly, twice 12 \n and 🐋'
    expect(read.encode(text)).toEqual(
      parseTokenizer(
        changed(() => {}),
        'tokenizer.json',
      ).encode(text),
    )
  })

  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const token = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  test.each([
    ['normalizer', { normalizer: { type: 'Lowercase' } }],
    ['pre_tokenizer', { pre_tokenizer: { ...byteLevel, add_prefix_space: true } }],
    ['pre_tokenizer', { pre_tokenizer: { ...byteLevel, use_regex: false } }],
    [
      'pre_tokenizer',
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] } },
    ],
    ['pre_tokenizer', { pre_tokenizer: null }],
    [
      'post_processor',
      { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'x', type_id: 0 } }] } },
    ],
    ['decoder', { decoder: { type: 'WordPiece' } }],
    ['<|user|>', { added_tokens: [{ ...token, id: 0, content: '<|user|>' }] }],
    ['lstrip', { added_tokens: [{ ...token, id: 0, content: '<|endoftext|>', lstrip: true }] }],
    ['ignore_merges', { model: { ignore_merges: true } }],
    ['dropout', { model: { dropout: 0.1 } }],
    ['byte_fallback', { model: { byte_fallback: true } }],
    ['end_of_word_suffix', { model: { end_of_word_suffix: '</w>' } }],
    ['surprise', { surprise: {} }],
    ['model.surprise', { model: { surprise: 1 } }],
    ['toString', { toString: 1 }],
  ])('a file that asks for other ids is refused by the name of its field: %s', async (name, change) => {
    const file = JSON.parse(changed(() => {})) as Record<string, object>
    const json = JSON.stringify({
      ...file,
      ...change,
      model: { ...file.model, ...(change as { model?: object }).model },
    })
    const error = await fault(() => parseTokenizer(json, 'tokenizer.json'))
    expect(error).toMatchObject({ code: 'unavailable' })
    expect(error.message).toContain(name)
    expect(error.message.length).toBeLessThan(300)
  })
})
