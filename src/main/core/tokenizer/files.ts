// A tokenizer in a folder.
import { join } from 'node:path'
import { readTextFile, writeTextFile } from '#main/platform/disk/text-files.ts'
import { tokenizerFiles } from './hugging-face.ts'
import { parseTokenizer } from './tokenizer-json.ts'
import type { Tokenizer } from './tokenizer.ts'

/** The tokenizer of `folder`'s tokenizer.json. */
export function loadTokenizer(folder: string): Tokenizer {
  const path = join(folder, 'tokenizer.json')
  return parseTokenizer(readTextFile(path), path)
}

/** Writes the files of `tokenizerFiles` into `folder`, which is there. */
export function saveTokenizer(folder: string, tokenizer: Tokenizer): void {
  for (const { name, text } of tokenizerFiles(tokenizer)) writeTextFile(join(folder, name), text)
}
