// Models made elsewhere: what PyTorch and transformers wrote is read to the bit, and what cannot be used is refused by
// name.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '#main/core/model-formats/import-config.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { tinyInputs, tinyModels, tinyParameters } from '../../../support/tiny-models.ts'
import { writeSafetensors } from '../../../support/write-safetensors.ts'

const fixtures = 'test/fixtures/torch'
let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-import-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('a folder', () => {
  it.each(['whole', 'shards', 'bin', 'bare'])('gives the logits of transformers (%s)', async (form) => {
    const { model, parameters, tokenizer, endOfText, skipped } = await importHuggingFace(join(fixtures, form))
    const { tensors } = await readSafetensors(join(fixtures, 'logits.safetensors'))
    const inputs = Int32Array.from(tensors.get('ids')!.data)
    const engine = createGpt(createReferenceKernels(), 'reference', model, parameters)
    const ours = await engine.logits({ inputs, rows: 2, columns: inputs.length / 2 })
    engine.dispose()
    expect(
      ours.reduce((largest, value, i) => Math.max(largest, Math.abs(value - tensors.get('logits')!.data[i])), 0),
    ).toBeLessThan(1e-5)
    expect(model.shape).toEqual({ layers: 2, width: 8, heads: 2, context: 16, vocabulary: 257 })
    expect([tokenizer, endOfText]).toEqual([null, 256])
    expect(skipped.length).toBe({ whole: 0, shards: 0, bin: 5, bare: 0 }[form])
  })

  it('without a config.json is refused with what to do, a training loop’s checkpoint by its name', async () => {
    const folder = mkdtempSync(join(home, 'nothing-'))
    const refusal = (path: string) => importHuggingFace(path).catch((error: Error) => error.message)
    expect(await refusal(join(folder, 'never'))).toMatch(/does not exist/)
    expect(await refusal(folder)).toMatch(/no config.json/)
    for (const name of ['ckpt.pt', 'notes.txt']) writeFileSync(join(folder, name), 'PK')
    expect(await refusal(join(folder, 'notes.txt'))).toMatch(/notes.txt is a file; .* is the folder/)
    for (const path of [folder, join(folder, 'ckpt.pt')])
      expect(await refusal(path)).toMatch(/^ckpt.pt is the checkpoint of a training loop .* save_pretrained/)
  })

  it('in bfloat16 is read as those numbers', async () => {
    const { dtypes, parameters } = await importHuggingFace(join(fixtures, 'bfloat'))
    expect(dtypes).toEqual(['BF16'])
    for (const values of parameters.values())
      expect(
        new Uint32Array(values.buffer, values.byteOffset, values.length).every((bits) => (bits & 0xffff) === 0),
      ).toBe(true)
  })

  const changed =
    (name: string, change: (folder: string) => void | Promise<void>, from = 'whole') =>
    async () => {
      const folder = join(home, name)
      cpSync(join(fixtures, from), folder, { recursive: true })
      await change(folder)
      return importHuggingFace(folder)
    }
  const withTensors =
    (change: (tensors: Map<string, { name: string; shape: number[]; data: Float32Array }>) => void) =>
    async (folder: string) => {
      const path = join(folder, 'model.safetensors')
      const { tensors } = await readSafetensors(path)
      change(tensors)
      await writeSafetensors(path, [...tensors.values()])
    }
  const config = (change: object) => (folder: string) =>
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ ...JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), ...change }),
    )
  const renamed = (nameOf: (name: string) => string) =>
    withTensors((all) => all.forEach((tensor) => (tensor.name = nameOf(tensor.name))))
  it.each<[string, (folder: string) => Promise<void>, string[]]>([
    ['of a compiled model', renamed((name) => `_orig_mod.${name}`), []],
    ['of a compiled block', renamed((name) => name.replace(/h\.\d\./, '$&_orig_mod.')), []],
    ['of DDP', renamed((name) => `module._orig_mod.${name}`), []],
    ['of Lightning', renamed((name) => `_forward_module.model.${name}`), []],
    ['of FSDP', renamed((name) => `_fsdp_wrapped_module.${name}`.replace(/h\.\d\./, '$&_fsdp_wrapped_module.')), []],
    ['with the embedding by the name of the head', renamed((name) => name.replace(/^.*wte/, 'lm_head')), []],
    [
      'with the head of a reward model',
      withTensors((all) => void all.set('v', { name: 'v_head.weight', shape: [1], data: new Float32Array(1) })),
      ['v_head.weight'],
    ],
  ])('%s is read as the same weights', async (name, change, passedOver) => {
    const plain = await importHuggingFace(join(fixtures, 'whole'))
    const { parameters, skipped } = await changed(name, change)()
    expect(parameters).toEqual(plain.parameters)
    expect(skipped).toEqual(passedOver)
  })

  it.each<[string, (folder: string) => void | Promise<void>, RegExp]>([
    [
      'lacks a tensor',
      withTensors((all) => void all.delete('transformer.h.1.mlp.c_fc.bias')),
      /lacks the tensor h\.1\.mlp\.c_fc\.bias/,
    ],
    [
      'has a tensor of another shape',
      withTensors(
        (all) =>
          void all.set('transformer.ln_f.bias', {
            name: 'transformer.ln_f.bias',
            shape: [4],
            data: new Float32Array(4),
          }),
      ),
      /transformer\.ln_f\.bias .* has the shape \[4\]; its config\.json makes it \[8\]/,
    ],
    [
      'has a tensor too many',
      withTensors(
        (all) =>
          void all.set('transformer.h.0.q.weight', {
            name: 'transformer.h.0.q.weight',
            shape: [1],
            data: new Float32Array(1),
          }),
      ),
      /holds the tensor h\.0\.q\.weight/,
    ],
    [
      'has a head of its own',
      withTensors(
        (all) =>
          void all.set('lm_head.weight', { name: 'lm_head.weight', shape: [257, 8], data: new Float32Array(2056) }),
      ),
      /lm_head\.weight differs from the token embedding/,
    ],
    ['is of another kind', config({ model_type: 'llama' }), /model_type is "llama"/],
    ['has an activation we lack', config({ activation_function: 'relu' }), /activation_function is "relu"/],
    ['has another inner width', config({ n_inner: 24 }), /n_inner is 24/],
    ['has no config', (folder) => rmSync(join(folder, 'config.json')), /There is no config\.json/],
    [
      'has no weights',
      (folder) => rmSync(join(folder, 'model.safetensors')),
      /holds no weights: neither model\.safetensors nor pytorch_model\.bin/,
    ],
  ])('that %s is refused by name', async (name, change, sentence) => {
    await expect(changed(name, change)()).rejects.toThrow(sentence)
  })

  it('whose index leads out of it is refused', async () => {
    await expect(
      changed(
        'out',
        (folder) =>
          writeFileSync(
            join(folder, 'model.safetensors.index.json'),
            JSON.stringify({ weight_map: { 'wte.weight': '../whole/model.safetensors' } }),
          ),
        'shards',
      )(),
    ).rejects.toThrow('which is no plain name')
  })
})

describe('a config', () => {
  it('of Cerebras-GPT, with most keys absent, has the defaults of GPT-2', () => {
    const { model, endOfText } = readConfig(
      {
        model_type: 'gpt2',
        activation_function: 'gelu',
        n_embd: 768,
        n_head: 12,
        n_inner: 3072,
        n_layer: 10,
        n_positions: 2048,
        vocab_size: 50257,
      },
      'config.json',
    )
    expect(model).toMatchObject({
      shape: { layers: 10, width: 768, heads: 12, context: 2048, vocabulary: 50257 },
      activation: 'gelu',
    })
    expect(model.parametrisation).toMatchObject({ embeddingScale: 1, outputScale: 1, attentionScale: 1 / 8 })
    expect(endOfText).toBe(50256)
    expect(readConfig({}, 'config.json').model).toMatchObject({
      shape: { layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50257 },
      activation: 'gelu_new',
    })
  })
})

describe('an export', () => {
  const request = (name: string) => {
    const model = tinyModels[name as 'mup']
    return {
      model,
      parameters: tinyParameters(model),
      tokenizer: createByteTokenizer(),
      card: '# m\n',
      name: 'm',
      overwrite: false,
    }
  }
  async function logits(model: Parameters<typeof createGpt>[2], parameters: ReadonlyMap<string, Float32Array>) {
    const engine = createGpt(createReferenceKernels(), 'reference', model, parameters)
    const found = await engine.logits(tinyInputs())
    engine.dispose()
    return found
  }
  it.each([
    ['folded', 1e-4],
    ['own', 0],
  ] as const)('of a muP model, its scales %s, comes back with its logits', async (scales, tolerance) => {
    const made = request('mup')
    const folder = join(home, `mup-${scales}`)
    await exportModel({ ...made, folder, form: { format: 'hf', dtype: 'f32', scales } })
    const back = await importHuggingFace(folder)
    const [ours, theirs] = [await logits(made.model, made.parameters), await logits(back.model, back.parameters)]
    expect(ours.reduce((largest, value, i) => Math.max(largest, Math.abs(value - theirs[i])), 0)).toBeLessThanOrEqual(
      tolerance,
    )
    expect(back.tokenizer!.vocabulary).toBe(257)
  })

  it.each(['bf16', 'f16'] as const)('in %s is half as large and comes back as the nearest numbers', async (dtype) => {
    const made = request('standard')
    const folder = join(home, dtype)
    await exportModel({ ...made, folder, form: { format: 'hf', dtype } })
    const { parameters } = await importHuggingFace(folder)
    const step = dtype === 'bf16' ? 2 ** -9 : 2 ** -12
    for (const [name, values] of made.parameters) {
      const back = parameters.get(name)!
      expect(
        values.every((value, i) => Math.abs(value - back[i]) <= Math.max(Math.abs(value) * step * 2, 2 ** -25)),
        name,
      ).toBe(true)
    }
  })
})
