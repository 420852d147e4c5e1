// A tokenizer beside a model: what transformers 5 makes other ids of is refused by its name. The words below were tried
// there: each got an id of its own, 257.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { importTokenizer } from '#main/core/model-formats/import-tokenizer.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-import-tokenizer-'))
  for (const { name, text } of tokenizerFiles(createByteTokenizer())) writeFileSync(join(folder, name), text)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (file: string, content: object) => {
  writeFileSync(join(folder, file), JSON.stringify(content))
  return importTokenizer(folder)
}

it.each([
  ['tokenizer_config.json', { pad_token: '[PAD]' }, '[PAD]'],
  ['tokenizer_config.json', { eos_token: { content: '</s>', lstrip: false } }, '</s>'],
  ['tokenizer_config.json', { additional_special_tokens: ['<|user|>'] }, '<|user|>'],
  ['tokenizer_config.json', { extra_special_tokens: { image: '<|img|>' } }, '<|img|>'],
  ['tokenizer_config.json', { added_tokens_decoder: { 257: { content: '<|user|>' } } }, '<|user|>'],
  ['special_tokens_map.json', { additional_special_tokens: [{ content: '<|user|>' }] }, '<|user|>'],
  ['special_tokens_map.json', { mask_token: '<mask>' }, '<mask>'],
  ['added_tokens.json', { '<|user|>': 257 }, '<|user|>'],
])('%s with %j adds a word, and is refused by it', async (file, content, word) => {
  await expect(read(file, content)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`the token "${word}"`),
  })
})

it('words for the end of text, and for nothing, add none', async () => {
  const end = { content: '<|endoftext|>', normalized: false }
  const same = { bos_token: '<|endoftext|>', eos_token: end, pad_token: null, additional_special_tokens: [] }
  expect((await read('special_tokens_map.json', same))?.vocabulary).toBe(257)
  expect((await read('tokenizer_config.json', { ...same, added_tokens_decoder: { 256: end } }))?.vocabulary).toBe(257)
})
