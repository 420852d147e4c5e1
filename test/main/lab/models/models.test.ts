import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ImportedModel, ModelOrigin } from '#shared/model.ts'
import { isTraining } from '#shared/run.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { smallHub, type SmallHub } from '../../../support/small-hub.ts'
import { runIn, tinyLab, tinyStudy, trainingIn, until, type Bench } from '../../../support/tiny-lab.ts'
import { tinyModels, tinyParameters } from '../../../support/tiny-models.ts'

let folder: string
let elsewhere: string
let hub: SmallHub
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

let bench: Bench
let lab: LabHost
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

const modelIn = (id: string, ...states: ImportedModel['state'][]) =>
  until(
    async () => (await lab.listModels()).find((model) => model.id === id && states.includes(model.state)),
    `a model that is ${states.join(' or ')}`,
  )
async function imported(origin: ModelOrigin = { kind: 'folder', path: elsewhere }): Promise<ImportedModel> {
  const { id } = await lab.importModel(origin, null)
  const model = await modelIn(id, 'finished', 'failed')
  expect(model.message).toBeNull()
  return model
}
const options = { prompt: 'ab', tokens: 4, temperature: 0, topK: 0, topP: 1, seed: 0 }

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

describe('weights in a session', () => {
  test('of a folder are used like those of the lab, without being taken into it', async () => {
    const inFolder = { kind: 'folder' as const, path: elsewhere }
    const ofModel = { kind: 'model' as const, modelId: (await imported()).id }
    const [a, b] = [await lab.generate(inFolder, options, 'a'), await lab.generate(ofModel, options, 'b')]
    expect(a.tokens).toEqual(b.tokens)
    expect(a.tokens).toHaveLength(4)
    expect(await lab.compareWeights(inFolder, ofModel)).toMatchObject({ reason: null, norm: 0 })
    await lab.export(inFolder, join(folder, 'of-a-folder'), false)
    expect(readFileSync(join(folder, 'of-a-folder', 'model.safetensors'))).toEqual(
      readFileSync(join(elsewhere, 'model.safetensors')),
    )
    expect(await lab.listModels()).toHaveLength(1)
    await expect(lab.generate({ kind: 'folder', path: join(folder, 'nowhere') }, options, 'c')).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('of more ids than the tokenizer has write and train, and never draw one of those', async () => {
    const padded = { ...tinyModels.standard, shape: { ...tinyModels.standard.shape, vocabulary: 400 } }
    const place = join(folder, 'padded')
    await exportModel({
      model: padded,
      parameters: tinyParameters(padded),
      tokenizer: createByteTokenizer(),
      card: '#',
      name: 'padded',
      folder: place,
      overwrite: true,
    })
    const { id } = await imported({ kind: 'folder', path: place })
    const { tokens } = await lab.generate(
      { kind: 'model', modelId: id },
      { ...options, tokens: 60, temperature: 2 },
      'padded',
    )
    expect(tokens.length).toBeGreaterThan(0)
    for (const token of tokens) expect(token.id).toBeLessThan(257)
    const study = await tinyStudy(lab)
    const run = await lab.continueModel(study.id, id, { tokens: 640, peakLearningRate: null, context: 8 })
    expect(await runIn(lab, run.id, 'finished', 'failed')).toMatchObject({ state: 'finished', message: null })
    const { samples } = await lab.readRecords(run.id, 0)
    expect(samples.length).toBeGreaterThan(0)
    expect(samples.filter(({ text }) => text.startsWith('(No sample'))).toEqual([])
  })

  test('read an end of text in a prompt as the token, in what they write and in what they look at', async () => {
    const subject = { kind: 'folder' as const, path: elsewhere }
    const prompt = 'a<|endoftext|>b'
    const ids = [97, 256, 98]
    expect((await lab.generate(subject, { ...options, prompt }, 'e')).prompt.map(({ id }) => id)).toEqual(ids)
    expect((await lab.readAttention(subject, prompt, 0)).tokens.map(({ id }) => id)).toEqual(ids)
  })

  test('write with their opinions, and the second text loads nothing', async () => {
    const subject = { kind: 'model' as const, modelId: (await imported()).id }
    const told: number[] = []
    lab.listen('generated', ({ generationId, tokens }) => {
      if (generationId === 'w') told.push(...tokens.map(({ id }) => id))
    })
    const before = bench.workers.started
    const first = await lab.generate(subject, options, 'w')
    expect(first.tokens).toHaveLength(4)
    for (const { id, probability, candidates } of first.tokens) {
      expect(candidates).toHaveLength(10)
      expect(candidates[0]).toMatchObject({ id, probability }) // temperature 0 takes the likeliest
      expect(candidates.map((one) => one.probability)).toEqual(
        [...candidates].map((one) => one.probability).sort((a, b) => b - a),
      )
    }
    expect(first.prompt.map(({ text }) => text)).toEqual(['a', 'b'])
    expect(await lab.generate(subject, { ...options, tokens: 0 }, 'w2')).toMatchObject({
      tokens: [],
      next: first.tokens[0].candidates,
    })
    expect(bench.workers.started).toBe(before + 1)
    for (const id of told) expect(first.tokens.map((token) => token.id)).toContain(id)
  })

  test('of a run and of a model write alike where they are the same', async () => {
    const study = await tinyStudy(lab)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, run.id, 'finished')
    const out = join(folder, 'of-a-run')
    await lab.export({ kind: 'run', runId: run.id, step: null }, out, true)
    const { id } = await imported({ kind: 'folder', path: out })
    const [a, b] = [
      await lab.generate({ kind: 'run', runId: run.id, step: null }, options, 'a'),
      await lab.generate({ kind: 'model', modelId: id }, options, 'b'),
    ]
    expect(b.tokens).toEqual(a.tokens)
    expect(await lab.generate({ kind: 'run', runId: run.id, step: null }, options, 'c')).toMatchObject({ text: a.text })
    expect(
      await lab.compareWeights({ kind: 'run', runId: run.id, step: null }, { kind: 'model', modelId: id }),
    ).toMatchObject({ reason: null, norm: 0, relative: 0 })
    const rows = await lab.listCheckpoints(study.id)
    expect(rows[rows.length - 1]).toMatchObject({ runId: run.id, isLast: true, validationLoss: expect.any(Number) })
    expect(rows.every(({ bytes }) => bytes > 0)).toBe(true)
  })

  test('are described, compared and looked through', async () => {
    const { id, plan } = await imported()
    const subject = { kind: 'model' as const, modelId: id }
    const looks = await lab.describeWeights(subject)
    const embedding = looks.find(({ name }) => name === 'wte.weight')!
    expect(embedding.shape).toEqual([257, 8])
    expect(embedding.histogram.reduce((a, b) => a + b, 0)).toBe(257 * 8)
    expect(embedding.std).toBeCloseTo(1 / Math.sqrt(12), 1) // uniform on one unit
    const { heads, tokens, layers } = await lab.readAttention(subject, 'abcd', 1)
    expect([heads.length, tokens.length, layers]).toEqual([2, 4, plan!.shape.layers])
    for (const map of heads) {
      for (let row = 0; row < 4; row++) {
        expect(map.slice(4 * row, 4 * row + 4).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 3)
        expect(map.slice(4 * row + row + 1, 4 * row + 4).every((weight) => weight === 0)).toBe(true)
      }
    }
    const other = join(folder, 'other')
    const wider = { ...tinyModels.standard, shape: { ...tinyModels.standard.shape, width: 16 } }
    await exportModel({
      model: wider,
      parameters: tinyParameters(wider),
      tokenizer: createByteTokenizer(),
      card: '#',
      name: 'o',
      folder: other,
      overwrite: true,
    })
    const second = await imported({ kind: 'folder', path: other })
    expect(await lab.compareWeights(subject, { kind: 'model', modelId: second.id })).toMatchObject({
      tensors: [],
      reason: expect.stringMatching(/different shapes/),
    })
  })
})

describe('a run that goes on from a model', () => {
  test('begins with its weights and is told apart from fresh ones', async () => {
    const study = await tinyStudy(lab)
    const { id } = await imported()
    const run = await lab.continueModel(study.id, id, { tokens: 640, peakLearningRate: 1e-6, context: 8 })
    expect(run).toMatchObject({
      studyId: study.id,
      name: 'Tiny-GPT, continued',
      origin: { modelId: id, name: 'Tiny-GPT' },
    })
    const done = await runIn(lab, run.id, 'finished', 'failed')
    expect(done).toMatchObject({ state: 'finished', message: null })
    const gap = await lab.compareWeights({ kind: 'model', modelId: id }, { kind: 'run', runId: run.id, step: null })
    expect(gap.norm).toBeGreaterThan(0)
    // a rate of one in a million moves them by little: they are the model's, not random ones
    expect(gap.relative!).toBeLessThan(1e-3)
    expect(done.tokens).toBe(640)
    await lab.deleteModel(id)
    await lab.export({ kind: 'run', runId: run.id, step: null }, join(folder, 'continued'), true)
    expect(readFileSync(join(folder, 'continued', 'README.md'), 'utf8')).toMatch(/Tiny-GPT/)
  })

  test('begins with the model’s weights again where its checkpoints are damaged, and says so where the model is gone', async () => {
    const study = await tinyStudy(lab)
    const { id } = await imported()
    const run = await lab.continueModel(study.id, id, { tokens: 400_000, peakLearningRate: 1e-6, context: 8 })
    const checkpoints = join(bench.home, 'runs', run.id, 'checkpoints')
    await trainingIn(lab, run.id)
    await lab.pauseRun(run.id)
    const damage = () => {
      for (const step of readdirSync(checkpoints))
        if (step.startsWith('step-')) writeFileSync(join(checkpoints, step, 'parameters.safetensors'), 'x')
    }
    damage()
    await lab.resumeRun(run.id)
    const again = await until(
      async () => (await lab.listRuns(null)).find((one) => one.id === run.id && isTraining(one) && one.step > 0),
      'a step',
    )
    expect(again.message).toMatch(/damaged and there is no other; the run began anew/)
    await lab.pauseRun(run.id)
    const gap = await lab.compareWeights({ kind: 'model', modelId: id }, { kind: 'run', runId: run.id, step: null })
    expect(gap.relative!).toBeLessThan(0.01)
    damage()
    await lab.deleteModel(id)
    await lab.resumeRun(run.id)
    expect(await runIn(lab, run.id, 'failed')).toMatchObject({
      message: expect.stringMatching(/^Tiny-GPT, whose weights this run begins from, is not in the lab any more/),
    })
  })

  test('is refused where it asks for more than the model reads', async () => {
    const study = await tinyStudy(lab)
    const { id } = await imported()
    await expect(
      lab.continueModel(study.id, id, { tokens: 640, peakLearningRate: null, context: 64 }),
    ).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/reads at most 12 tokens/) })
    expect(await lab.listRuns(study.id)).toEqual([])
  })

  test('uses a tokenizer of the model’s own', async () => {
    const study = await tinyStudy(lab)
    await lab.tokenizeCorpus(study.corpusId, { kind: 'bpe', vocabulary: 300 })
    await until(
      async () =>
        (await lab.listTokenized()).find(({ state, tokenizer }) => state === 'finished' && tokenizer.kind === 'bpe'),
      'a tokenizer',
    )
    const made = await lab.updateStudy(study.id, { tokenizer: { kind: 'bpe', vocabulary: 300 } })
    const [trained] = await lab.startRuns(made.id, ['w8'])
    await runIn(lab, trained.id, 'finished')
    await lab.export({ kind: 'run', runId: trained.id, step: null }, join(folder, 'bpe'), true)
    const { id, tokenizer } = await imported({ kind: 'folder', path: join(folder, 'bpe') })
    expect(tokenizer).toEqual({ kind: 'model', modelId: id, vocabulary: 300 })
    const run = await lab.continueModel(study.id, id, { tokens: 320, peakLearningRate: null, context: null })
    expect(await runIn(lab, run.id, 'finished', 'failed')).toMatchObject({ state: 'finished', message: null })
    const ids = async (subject: Parameters<LabHost['generate']>[0]) =>
      (await lab.generate(subject, { ...options, tokens: 0, prompt: 'The people' }, 'x')).prompt
    expect(await ids({ kind: 'run', runId: run.id, step: null })).toEqual(await ids({ kind: 'model', modelId: id }))
  })
})
