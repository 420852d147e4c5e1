import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { loadTokenizer, saveTokenizer } from '#main/core/tokenizer/files.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { eachWord, wordPattern } from '#main/core/tokenizer/words.ts'
import { read, golden, texts, bpe, anyText } from './bench.ts'

const kinds = { bytes: createByteTokenizer(), bpe, gpt2: createGpt2Tokenizer() }
const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

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
