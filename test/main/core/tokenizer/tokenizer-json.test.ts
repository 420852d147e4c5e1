import { describe, expect, test } from 'vitest'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { parseTokenizer } from '#main/core/tokenizer/tokenizer-json.ts'
import { bpe, fault } from './bench.ts'

describe('a file that is no tokenizer', () => {
  const good = JSON.parse(tokenizerFiles(bpe)[0]!.text) as {
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
