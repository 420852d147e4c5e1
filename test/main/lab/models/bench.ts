// A lab beside a small model that was made elsewhere, in a folder and on a hub.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { ImportedModel, ModelOrigin } from '#shared/model.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { smallHub, type SmallHub } from '../../../support/small-hub.ts'
import { tinyLab, until, type Bench } from '../../../support/tiny-lab.ts'
import { tinyModels, tinyParameters } from '../../../support/tiny-models.ts'

export let folder: string
export let elsewhere: string
export let hub: SmallHub

export let bench: Bench
export let lab: LabHost

export const modelIn = (id: string, ...states: ImportedModel['state'][]) =>
  until(
    async () => (await lab.listModels()).find((model) => model.id === id && states.includes(model.state)),
    `a model that is ${states.join(' or ')}`,
  )
export async function imported(origin: ModelOrigin = { kind: 'folder', path: elsewhere }): Promise<ImportedModel> {
  const { id } = await lab.importModel(origin, null)
  const model = await modelIn(id, 'finished', 'failed')
  expect(model.message).toBeNull()
  return model
}
export const options = { prompt: 'ab', tokens: 4, temperature: 0, topK: 0, topP: 1, seed: 0 }

/** Makes the model once for a file, and opens a lab before each of its tests. */
export function openLabBesideModel(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isoflop-models-'))
    elsewhere = join(folder, 'Tiny-GPT')
    await exportModel({
      model: tinyModels.standard,
      parameters: tinyParameters(tinyModels.standard),
      tokenizer: createByteTokenizer(),
      card: '---\nlicense: apache-2.0\n---\n# Tiny',
      name: 'Tiny',
      folder: elsewhere,
      overwrite: false,
    })
    const files = Object.fromEntries(
      readdirSync(elsewhere).map((name) => [
        name,
        { content: new Uint8Array(readFileSync(join(elsewhere, name))), isLarge: name.endsWith('.safetensors') },
      ]),
    )
    hub = await smallHub({
      'models/org/Tiny-GPT': {
        files: {
          ...files,
          'pytorch_model.bin': { content: new Uint8Array(10), isLarge: true },
          'flax_model.msgpack': { content: new Uint8Array(10) },
        },
      },
    })
  })
  afterAll(async () => {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    bench = tinyLab()
    lab = await bench.open()
    await lab.updateSettings({ engine: 'reference' })
    process.env.HF_ENDPOINT = hub.endpoint
  })
  afterEach(async () => {
    delete process.env.HF_ENDPOINT
    await bench.clean()
  })
}
