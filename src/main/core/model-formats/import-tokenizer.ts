// The tokenizer beside a model: tokenizer.json, or the vocab.json and merges.txt with which GPT-2 and Cerebras-GPT
// come; and what other files of the folder add to it.
import { join } from 'node:path'
import { quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import { exists, readText } from '#main/platform/disk/files.ts'
import { parseTokenizer, readTokenizer } from '#main/core/tokenizer/tokenizer-json.ts'
import { endOfTextContent, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'

/**
 * null where the folder has none. Fault `damaged` where it is no byte-level BPE like GPT-2's, `unavailable` where its
 * ids would be others here.
 */
export async function importTokenizer(folder: string): Promise<Tokenizer | null> {
  const path = join(folder, 'tokenizer.json')
  const [vocabPath, mergesPath] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  const isOneFile = await exists(path)
  if (!isOneFile && (!(await exists(vocabPath)) || !(await exists(mergesPath)))) return null
  await checkAdditions(folder)
  if (isOneFile) return parseTokenizer(await readText(path), path)
  const merges = (await readText(mergesPath))
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
  // The two files are the inside of the one.
  return readTokenizer({ model: { type: 'BPE', vocab: await readJson(vocabPath), merges } }, vocabPath)
}

/** What transformers adds to the tokens where it is none of them. */
const roles = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`)

/** transformers adds the words of three more files, and a blank in front where one of them says so. */
async function checkAdditions(folder: string): Promise<void> {
  const configPath = join(folder, 'tokenizer_config.json')
  const config = (await exists(configPath)) ? await readJson(configPath) : {}
  if (config.add_prefix_space === true) throw addition(configPath, 'a blank in front of every text')
  const mapPath = join(folder, 'special_tokens_map.json')
  const added = [config, (await exists(mapPath)) ? await readJson(mapPath) : {}].flatMap((table) => [
    ...Object.values(tableOf(table.added_tokens_decoder)),
    ...roles.map((role) => table[role]),
    ...[table.additional_special_tokens, table.extra_special_tokens].flatMap((more) => Object.values(tableOf(more))),
  ])
  const addedPath = join(folder, 'added_tokens.json')
  const words = (await exists(addedPath)) ? Object.keys(await readJson(addedPath)) : []
  const strange = [...added.map((one) => tableOf(one).content ?? one), ...words].find(
    (word) => typeof word === 'string' && word !== endOfTextContent,
  )
  if (strange !== undefined) throw addition(configPath, `the token ${quoted(strange)}`)
}

const addition = (path: string, what: string): Fault =>
  new Fault(
    'unavailable',
    `${path} adds ${what}, which this lab does not do, so its ids would be others. Without the tokenizer's files the weights alone can be used.`,
  )

const tableOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path)
  try {
    return tableOf(parseJson(text))
  } catch (error) {
    throw new Fault('damaged', `${path} ${(error as Error).message}.`, { cause: error })
  }
}
