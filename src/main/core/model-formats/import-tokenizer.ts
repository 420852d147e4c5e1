// The tokenizer beside a model: tokenizer.json, or the vocab.json and merges.txt with which GPT-2 and Cerebras-GPT
// come.
import { join } from 'node:path'
import { exists, readText } from '#main/platform/disk/files.ts'
import { parseTokenizer } from '#main/core/tokenizer/hugging-face.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'

/** null where the folder has none. Fault `damaged` where it is no byte-level BPE like GPT-2's. */
export async function importTokenizer(folder: string): Promise<Tokenizer | null> {
  const path = join(folder, 'tokenizer.json')
  if (await exists(path)) return parseTokenizer(await readText(path), path)
  const [vocabPath, mergesPath] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  if (!(await exists(vocabPath)) || !(await exists(mergesPath))) return null
  const merges = (await readText(mergesPath))
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
  // The two files are the inside of the one.
  return parseTokenizer(
    `{"model":{"type":"BPE","vocab":${await readText(vocabPath)},"merges":${JSON.stringify(merges)}}}`,
    vocabPath,
  )
}
