// Results are known by content, never by path or name.
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { gpt2Plan, initialWeights } from '#main/core/engine/init.ts'
import type { TaskChoice } from '#main/core/evaluation/task-choice.ts'
import { evaluationIdentity } from '#main/core/evaluation/identity.ts'
import { saveCheckpoint } from '#main/core/model-formats/checkpoint.ts'

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-identity-'))
  model = join(folder, 'model')
  mkdirSync(model)
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'README.md'])
    writeFileSync(join(model, name), name)
  writeFileSync(join(folder, 'rows.jsonl'), '{}')
  writeFileSync(join(folder, 'shots.jsonl'), '{"a":1}')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const choice = (changes: Partial<TaskChoice> = {}): TaskChoice => ({
  task: 'piqa',
  data: join(folder, 'rows.jsonl'),
  shots: 2,
  shotsFrom: join(folder, 'shots.jsonl'),
  sampler: 'first',
  limit: null,
  ...changes,
})
const of = (at = model, changes: Partial<TaskChoice> = {}) =>
  evaluationIdentity({ kind: 'huggingface', folder: at }, choice(changes))

it('the same content elsewhere, under other names and with another limit is the same', async () => {
  const first = await of()
  cpSync(model, join(folder, 'copy'), { recursive: true })
  renameSync(join(folder, 'rows.jsonl'), join(folder, 'renamed.jsonl'))
  expect(await of(join(folder, 'copy'), { data: join(folder, 'renamed.jsonl'), limit: 5 })).toBe(first)
  writeFileSync(join(model, 'README.md'), 'other words about the same model')
  expect(await of(model, { data: join(folder, 'renamed.jsonl') })).toBe(first)
})

it.each(['model/model.safetensors', 'model/config.json', 'model/tokenizer.json', 'rows.jsonl', 'shots.jsonl'])(
  'other content of %s under the same name is another',
  async (name) => {
    const first = await of()
    writeFileSync(join(folder, name), 'other content')
    expect(await of()).not.toBe(first)
  },
)

it('other examples are another, and examples that are not asked for are none', async () => {
  const all = [await of(), await of(model, { shots: 1 }), await of(model, { sampler: 'harness' })]
  all.push(await of(model, { sampler: 'harness', seed: 7 }), await of(model, { task: 'arc_easy' }))
  expect(new Set(all).size).toBe(5)
  const none = await of(model, { shots: 0 })
  writeFileSync(join(folder, 'shots.jsonl'), 'other')
  expect(await of(model, { shots: 0, sampler: 'harness' })).toBe(none)
})

it('in bf16 the numbers are others; said or not, fp32 is fp32', async () => {
  const source = { kind: 'huggingface', folder: model } as const
  expect(await evaluationIdentity(source, choice(), 'bf16')).not.toBe(await of())
  expect(await evaluationIdentity(source, choice(), 'fp32')).toBe(await of())
})

it('equal weights of a run are equal, however long the training took', async () => {
  const shape = { layers: 1, width: 8, heads: 1, context: 4, vocabulary: 5 }
  const plan = gpt2Plan(shape)
  const save = async (name: string, elapsedMs: number, seed = 1) => {
    const parameters = initialWeights({ ...plan, seed })
    const zeros = new Map([...parameters].map(([key, { length }]) => [key, new Float32Array(length)]))
    const state = { updates: 3, parameters, firstMoments: zeros, secondMoments: zeros }
    const { folder: at } = await saveCheckpoint(join(folder, name), { state, cursor: { elapsedMs } })
    const source = { kind: 'run', model: plan, checkpointFolder: at, tokensFolder: model } as const
    return evaluationIdentity(source, choice())
  }
  expect(await save('slow', 2000)).toBe(await save('quick', 1000))
  expect(await save('other', 1000, 2)).not.toBe(await save('again', 1000))
})
