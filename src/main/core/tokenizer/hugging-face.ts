// A tokenizer as the files Hugging Face knows: tokenizer.json has everything, vocab.json and merges.txt the same for
// GPT-2's class. tokenizer-json.ts reads them back.
import { bytesToVisible } from './bytes.ts'
import { endOfTextContent, type Tokenizer } from './tokenizer.ts'

export interface TokenizerFile {
  name: string
  text: string
}

/** tokenizer.json, vocab.json, merges.txt and tokenizer_config.json. */
export function tokenizerFiles({ table }: Tokenizer): TokenizerFile[] {
  const visible = table.tokens.map((bytes, id) => (id === table.endOfText ? endOfTextContent : bytesToVisible(bytes)))
  // Written by hand: an object would put tokens that look like numbers first. Spaced and escaped as in the file OpenAI
  // published.
  const vocab = `{${visible.map((token, id) => `${ascii(JSON.stringify(token))}: ${id}`).join(', ')}}`
  const merges: string[] = []
  for (let rank = 0; rank < table.merged.length; rank++)
    merges.push(`${visible[table.pairs[2 * rank]!]} ${visible[table.pairs[2 * rank + 1]!]}`)
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: table.endOfText,
        content: endOfTextContent,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabHere,
      merges,
    },
  }
  const config = {
    tokenizer_class: 'GPT2Tokenizer',
    add_prefix_space: false,
    bos_token: endOfTextContent,
    eos_token: endOfTextContent,
    unk_token: endOfTextContent,
    clean_up_tokenization_spaces: false,
  }
  return [
    { name: 'tokenizer.json', text: `${JSON.stringify(tokenizer, null, 1).replace(`"${vocabHere}"`, () => vocab)}\n` },
    { name: 'vocab.json', text: vocab },
    { name: 'merges.txt', text: `#version: 0.2\n${merges.map((merge) => `${merge}\n`).join('')}` },
    { name: 'tokenizer_config.json', text: `${JSON.stringify(config, null, 2)}\n` },
  ]
}

const vocabHere = '<the vocabulary>'

const ascii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
