// What an evaluation's numbers depend on, as one hash of contents: paths and names say nothing of what lies there now.
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import type { Precision } from '#shared/engine.ts'
import { weightsHash } from '#main/core/model-formats/checkpoint.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import { hashFile, listFolder } from '#main/platform/disk/files.ts'
import type { TaskChoice } from './task-choice.ts'
import { isMadeOfText } from './text-tasks.ts'

/** Files of a Hugging Face folder that a model or its tokenizer is read from. */
const modelFiles = /\.(json|safetensors|bin|model|txt)$/

/** Changes when the same text gives other items. */
const makingOfItems = 2

/**
 * SHA-256 of weights and tokenizer, of a task's rows, of its examples and how they are drawn, and of a precision other
 * than fp32. Not of the limit: the first items are the same items. Reads every byte of the files once.
 */
export async function evaluationIdentity(
  source: CheckpointSource,
  choice: TaskChoice,
  precision: Precision = 'fp32',
): Promise<string> {
  const { task, data, documents, shots, shotsFrom, sampler, seed } = choice
  const weights = source.kind === 'run' ? await runContents(source) : await folderContents(source.folder)
  const rows = documents ? [basename(documents.corpusFolder), documents.split] : await contents(data)
  const examples = shots === 0 ? null : [shots, sampler, seed ?? null, await contents(shotsFrom)]
  const made = isMadeOfText(task) ? [makingOfItems] : []
  return createHash('sha256')
    .update(JSON.stringify([weights, task, rows, examples, ...made, ...(precision === 'fp32' ? [] : [precision])]))
    .digest('hex')
}

const contents = async (files: string | readonly string[] | null): Promise<string[] | null> =>
  files === null ? null : Promise.all([files].flat().map(async (path) => (await hashFile(path)).sha256))

async function runContents(source: Extract<CheckpointSource, { kind: 'run' }>): Promise<unknown> {
  const { model, checkpointFolder, tokensFolder } = source
  return [model, await weightsHash(checkpointFolder), await contents(join(tokensFolder, 'tokenizer.json'))]
}

async function folderContents(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  for (const name of (await listFolder(folder)).filter((one) => modelFiles.test(one)))
    found.push([name, (await hashFile(join(folder, name))).sha256])
  return found
}
