// Weights that several requests use: of a run, of a model, of a folder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportModel } from '#main/core/model-formats/export.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { runIn, tinyStudy } from '../../../support/tiny-lab.ts'
import { tinyModels, tinyParameters } from '../../../support/tiny-models.ts'
import { folder, elsewhere, bench, lab, imported, options, openLabBesideModel } from '../models/bench.ts'

openLabBesideModel()

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
