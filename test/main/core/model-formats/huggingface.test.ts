// An export: its files, its rules, and its logits against those that transformers computed from the fixture.
// test/fixtures/transformers was written by test/integration/transformers.test.ts (transformers 5.23, torch 2.13); the
// weights are ours.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { planMember } from '#shared/family/plan.ts'
import { studyPartsOf } from '#shared/family/presets.ts'
import { countParameters } from '#shared/family/shape.ts'
import { type ExportCard, modelCard } from '#main/core/model-formats/card.ts'
import { exportHuggingFace } from '#main/core/model-formats/huggingface.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { tinyCard, tinyInputs, tinyModels, tinyParameters } from '../../../support/tiny-models.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-export-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const request = (name: keyof typeof tinyModels, folder = join(home, 'export')) => ({
  model: tinyModels[name],
  parameters: tinyParameters(tinyModels[name]),
  tokenizerFiles: [{ name: 'tokenizer.json', text: '{}\n' }],
  endOfText: 256,
  card: tinyCard(tinyModels[name]),
  folder,
  overwrite: false,
})

describe('against transformers', () => {
  for (const name of ['standard', 'gpt2', 'mup'] as const) {
    it(`the ${name} model computes the logits that transformers computes from its export`, async () => {
      const model = tinyModels[name]
      const golden = (await readSafetensors(`test/fixtures/transformers/${name}/logits.safetensors`)).tensors.get(
        'logits',
      )!
      const engine = createGpt(createReferenceKernels(), 'reference', model)
      engine.restore({
        updates: 0,
        parameters: tinyParameters(model),
        firstMoments: new Map(),
        secondMoments: new Map(),
      })
      const ours = await engine.logits(tinyInputs())
      engine.dispose()
      expect(ours.length).toBe(golden.data.length)
      let largest = 0
      for (let i = 0; i < ours.length; i++) largest = Math.max(largest, Math.abs(ours[i] - golden.data[i]))
      expect(largest).toBeLessThan(1e-4)
    })

    it(`the ${name} model's export is the one that transformers read, byte for byte`, async () => {
      await exportHuggingFace({ ...request(name), tokenizerFiles: [] })
      for (const file of ['model.safetensors', 'config.json']) {
        expect(
          readFileSync(join(home, 'export', file)).equals(readFileSync(`test/fixtures/transformers/${name}/${file}`)),
        ).toBe(true)
      }
    })
  }
})

describe('an export', () => {
  it('says what it wrote, and that it was read back', async () => {
    const report = await exportHuggingFace(request('standard'))
    const names = [
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]
    expect(report).toMatchObject({ folder: join(home, 'export'), largestDifference: 0 })
    expect(report.files.map(({ name }) => name)).toEqual(names)
    expect(readdirSync(join(home, 'export')).sort()).toEqual(['.isoflop-export', ...names])
    for (const { name, bytes } of report.files) expect(readFileSync(join(home, 'export', name)).length).toBe(bytes)
  })

  it('holds every weight once, under its Hugging Face name', async () => {
    await exportHuggingFace(request('standard'))
    const { tensors, metadata } = await readSafetensors(join(home, 'export/model.safetensors'))
    expect(metadata).toEqual({ format: 'pt' })
    expect([...tensors.keys()].every((name) => name.startsWith('transformer.'))).toBe(true)
    expect([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(
      countParameters(tinyModels.standard.shape),
    )
    expect(tensors.get('transformer.h.1.attn.c_attn.weight')!.shape).toEqual([8, 24])
  })

  it('names the activation, because GPT-2’s default is another', async () => {
    const config = async (name: 'standard' | 'gpt2') => {
      await exportHuggingFace(request(name, join(home, name)))
      return JSON.parse(readFileSync(join(home, name, 'config.json'), 'utf8'))
    }
    expect(await config('standard')).toMatchObject({
      activation_function: 'gelu',
      n_layer: 2,
      n_embd: 8,
      n_head: 2,
      n_positions: 12,
      vocab_size: 257,
      eos_token_id: 256,
      tie_word_embeddings: true,
    })
    expect(await config('gpt2')).toMatchObject({ activation_function: 'gelu_new' })
  })

  it('carries a card with the run’s data, safe from what a person typed', async () => {
    await exportHuggingFace(request('standard'))
    const card = readFileSync(join(home, 'export/README.md'), 'utf8')
    for (const text of [
      'library_name: transformers',
      '3,912',
      '2.7500 nats per token',
      'A \\| B; made up; license: public domain',
      '1 min 1 s on reference',
      '20.0 for each counted parameter: all parameters',
      '| Data | yes | A \\| B, license: public domain | made up |',
      '| License | not stated |',
      '| Trained on | 20 tokens/param, compute-optimal |',
    ])
      expect(card).toContain(text)
  })

  it('counts the tokens of every batch in the card, where the batch changed on the way', () => {
    const { ladder, recipe } = studyPartsOf('cerebras-gpt')
    const published = ladder.members.find(({ name }) => name === '13B')!
    const member = planMember(published, { recipe, vocabulary: 50257 }, null, null)
    const card = tinyCard(tinyModels.standard)
    const model = { ...tinyModels.standard, shape: member.shape }
    const at = (step: number) => modelCard(model, { ...card, step, plan: { ...card.plan, member, recipe } })
    // Dey et al. 2023, table 1: 257 B tokens, at 720 and then 1,080 sequences of 2,048.
    expect(at(member.steps)).toContain(
      '| training tokens | 257,066,680,320 (20.0 for each counted parameter: all parameters) |',
    )
    expect(at(57_000)).toContain(
      '| training tokens | 84,049,920,000 (6.5 for each counted parameter: all parameters) |',
    )
    expect(at(member.steps)).toContain(
      '720 sequences, 1,474,560 tokens for 57,000 steps; then 1,080 sequences, 2,211,840 tokens for 78,223 steps',
    )
    const flopsOf = (text: string) => Number(/training compute.*?\| (\S+) FLOPs/.exec(text)![1])
    expect(flopsOf(at(57_000)) / flopsOf(at(member.steps))).toBeCloseTo(84.05 / 257.07, 2)
  })

  it('calls a model compute-optimal only where it had the tokens for it', async () => {
    const model = tinyModels.standard
    const card = tinyCard(model)
    const saying = (changes: Partial<ExportCard>) => modelCard(model, { ...card, ...changes })
    expect(saying({})).toMatch(/20\.\d tokens for each counted parameter: compute-optimal/)
    expect(saying({ step: Math.round(card.step / 4) })).toMatch(
      /on 5\.\d tokens for each counted parameter, where 20 would be compute-optimal/,
    )
    const long = { ...card.plan, member: { ...card.plan.member, steps: 10 * card.step } }
    expect(saying({ step: 10 * card.step, plan: long })).toMatch(
      /on 20\d\.\d tokens for each counted parameter, where 20 would be/,
    )
    const continued = saying({ plan: { ...card.plan, origin: { modelId: 'm', name: 'GPT | two' } } })
    expect(continued).toMatch(/from the weights of GPT \\\| two, on [\d,]+ more tokens/)
    expect(continued).not.toMatch(/optimal/)
    expect(saying({ corpus: { name: 'My diary', source: null, licence: null } })).toMatch(
      /\| trained on \| My diary \|/,
    )
  })

  it('comes in several files with an index where one would be too large, and is whole again when read', async () => {
    const { files, largestDifference } = await exportHuggingFace({
      ...request('standard'),
      tokenizerFiles: [],
      largestFileBytes: 6000,
    })
    const shards = files.filter(({ name }) => name.startsWith('model-'))
    expect(shards.length).toBeGreaterThan(2)
    expect(shards.map(({ name }) => name)).toEqual(
      shards.map(
        (_, i) => `model-${String(i + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`,
      ),
    )
    expect(files.map(({ name }) => name)).not.toContain('model.safetensors')
    expect(largestDifference).toBe(0)
    const index = JSON.parse(readFileSync(join(home, 'export/model.safetensors.index.json'), 'utf8'))
    expect(index.metadata.total_size).toBe(4 * countParameters(tinyModels.standard.shape))
    const { parameters } = await importHuggingFace(join(home, 'export'))
    for (const [name, values] of tinyParameters(tinyModels.standard)) expect(parameters.get(name)).toEqual(values)
    // written again as one, no shard of the old stays
    await exportHuggingFace({ ...request('standard'), overwrite: true })
    expect(readdirSync(join(home, 'export')).filter((name) => /^model-|index/.test(name))).toEqual([])
  })

  it('does not touch what is there unless told to, and never what is not an export', async () => {
    await exportHuggingFace(request('standard'))
    const before = readFileSync(join(home, 'export/model.safetensors'))
    await expect(exportHuggingFace(request('gpt2'))).rejects.toMatchObject({ code: 'conflict' })
    expect(readFileSync(join(home, 'export/model.safetensors')).equals(before)).toBe(true)
    await exportHuggingFace({ ...request('gpt2'), overwrite: true })
    expect(readFileSync(join(home, 'export/model.safetensors')).equals(before)).toBe(false)
    mkdirSync(join(home, 'mine'))
    writeFileSync(join(home, 'mine/diary.txt'), 'dear')
    await expect(exportHuggingFace({ ...request('gpt2', join(home, 'mine')), overwrite: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('diary.txt'),
    })
    expect(readdirSync(join(home, 'mine'))).toEqual(['diary.txt'])
    // Names that an export has too make no export of it.
    mkdirSync(join(home, 'project'))
    for (const name of ['README.md', 'config.json']) writeFileSync(join(home, 'project', name), '{}')
    await expect(
      exportHuggingFace({ ...request('gpt2', join(home, 'project')), overwrite: true }),
    ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('README.md') })
    expect(readdirSync(join(home, 'project'))).toEqual(['README.md', 'config.json'])
  })

  it('is refused for weights that are missing, of another size, or not finite', async () => {
    const broken = (change: (parameters: Map<string, Float32Array>) => void) => {
      const one = request('standard')
      change(one.parameters)
      return exportHuggingFace(one)
    }
    await expect(broken((p) => p.delete('ln_f.bias'))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('ln_f.bias'),
    })
    await expect(broken((p) => p.set('ln_f.bias', new Float32Array(9)))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('9 numbers'),
    })
    await expect(
      broken((p) => {
        p.get('wpe.weight')![3] = NaN
      }),
    ).rejects.toMatchObject({ code: 'diverged', message: expect.stringContaining('wpe.weight') })
    expect(readdirSync(home)).toEqual([])
  })
})
