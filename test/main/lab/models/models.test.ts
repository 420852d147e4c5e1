import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { until } from '../../../support/tiny-lab.ts'
import { tinyModels, tinyParameters } from '../../../support/tiny-models.ts'
import { folder, elsewhere, hub, bench, lab, modelIn, imported, options, openLabBesideModel } from './bench.ts'

openLabBesideModel()

describe('a model made elsewhere', () => {
  test('is taken over from a folder with its shape, tokenizer and licence', async () => {
    const model = await imported()
    expect(model).toMatchObject({
      name: 'Tiny-GPT',
      licence: 'apache-2.0',
      tokenizer: { kind: 'bytes' },
      dtypes: ['F32'],
      plan: { shape: tinyModels.standard.shape, activation: 'gelu' },
    })
    expect(model.bytes).toBeGreaterThan(4 * model.parameters!)
  })

  test('from the hub is fetched in one form only, and does not lie on the disk twice', async () => {
    hub.asked.length = 0
    const model = await imported({ kind: 'hub', repo: 'org/Tiny-GPT', revision: 'main' })
    expect(model).toMatchObject({ name: 'Tiny-GPT', state: 'finished' })
    expect(hub.asked.filter((path) => /\.(bin|msgpack)$/.test(path))).toEqual([])
    expect(readdirSync(join(bench.home, 'hub', 'models--org--Tiny-GPT'))).toEqual([])
  })

  test('comes from files that were sent one by one', async () => {
    const paths = readdirSync(elsewhere).map((name) => join(elsewhere, name))
    const model = await imported({ kind: 'files', paths })
    expect(model).toMatchObject({ state: 'finished', parameters: (await imported()).parameters })
    expect(readdirSync(join(bench.home, 'models')).sort()).toEqual((await lab.listModels()).map(({ id }) => id).sort())
    expect(existsSync(paths[0])).toBe(true)
    const sent = readdirSync(elsewhere).map((name, i) => {
      cpSync(join(elsewhere, name), join(bench.home, 'uploads', String(i), name))
      return join(bench.home, 'uploads', String(i), name)
    })
    await imported({ kind: 'files', paths: sent })
    await until(async () => readdirSync(join(bench.home, 'uploads')).length === 0, 'the room that uploads took')
  })

  test('that cannot be used says why, and leaves nothing', async () => {
    const broken = join(folder, 'broken')
    cpSync(elsewhere, broken, { recursive: true })
    writeFileSync(
      join(broken, 'config.json'),
      JSON.stringify({ ...JSON.parse(readFileSync(join(broken, 'config.json'), 'utf8')), model_type: 'llama' }),
    )
    const { id } = await lab.importModel({ kind: 'folder', path: broken }, 'Broken')
    expect(await modelIn(id, 'failed')).toMatchObject({ message: expect.stringMatching(/model_type is "llama"/) })
    await expect(lab.generate({ kind: 'model', modelId: id }, options, 'w')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^Broken was not imported: .*llama/),
    })
    const nothing = await lab.importModel({ kind: 'hub', repo: 'org/Nothing', revision: 'main' }, null)
    expect(await modelIn(nothing.id, 'failed')).toMatchObject({
      message: expect.stringMatching(/^There is no model org\/Nothing on /),
    })
    expect(existsSync(join(bench.home, 'models', id))).toBe(false)
  })

  test('can be deleted and brought back, and is gone once the trash is emptied', async () => {
    const { id } = await imported()
    await lab.deleteModel(id)
    expect(await lab.listModels()).toEqual([])
    expect(await lab.restoreModel(id)).toMatchObject({ id, state: 'finished' })
    await lab.deleteModel(id)
    await lab.emptyDeleted([id])
    expect(existsSync(join(bench.home, 'models', id))).toBe(false)
    await expect(lab.restoreModel(id)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('is cancelled in the middle of the fetching and can be asked for again', async () => {
    hub.intrude = (request, response) => {
      if (!request.url!.endsWith('.safetensors')) return false
      response.writeHead(200, { 'content-length': 1_000_000 }).write(new Uint8Array(100))
      return true
    }
    const { id } = await lab.importModel({ kind: 'hub', repo: 'org/Tiny-GPT', revision: 'main' }, null)
    await modelIn(id, 'running')
    await until(async () => hub.asked.some((path) => path.endsWith('.safetensors')), 'the weights being asked for')
    expect(await lab.cancelModel(id)).toMatchObject({ state: 'cancelled', message: null })
    hub.intrude = null
    expect(await imported({ kind: 'hub', repo: 'org/Tiny-GPT', revision: 'main' })).toMatchObject({ state: 'finished' })
  })

  test('goes out again with the very same weights', async () => {
    const { id } = await imported()
    const out = join(folder, 'out')
    await lab.export({ kind: 'model', modelId: id }, out, false)
    expect(readFileSync(join(out, 'model.safetensors'))).toEqual(readFileSync(join(elsewhere, 'model.safetensors')))
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toMatch(/^---\nlicense: apache-2.0\n---\n\n# Tiny-GPT\n/)
    await lab.export({ kind: 'model', modelId: id }, join(folder, 'gguf'), false, { format: 'gguf', dtype: 'f16' })
    expect(readdirSync(join(folder, 'gguf'))).toEqual(['model-f16.gguf'])
  })

  test('keeps the scales of muP', async () => {
    const from = join(folder, 'mup')
    await exportModel({
      model: tinyModels.mup,
      parameters: tinyParameters(tinyModels.mup),
      tokenizer: createByteTokenizer(),
      card: '# muP',
      name: 'muP',
      folder: from,
      overwrite: false,
      form: { format: 'hf', dtype: 'f32', scales: 'own' },
    })
    const { id, plan } = await imported({ kind: 'folder', path: from })
    expect(plan!.parametrisation).toMatchObject({ embeddingScale: 10, attentionScale: 1 / 4, outputScale: 0.25 })
    const [kept, first] = await Promise.all([
      readSafetensors(join(bench.home, 'models', id, 'model.safetensors')),
      readSafetensors(join(from, 'model.safetensors')),
    ])
    expect([...kept.tensors]).toEqual([...first.tensors])
  })
})
