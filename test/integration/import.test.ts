// Models that transformers and PyTorch wrote come in with the same logits and go out with the same bits; GGUF is read
// back by its own library.
// ISOFLOP_PYTHON names a Python with torch and transformers (and gguf); without one this is skipped.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel } from '#main/core/model-formats/export.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { createAnyEngine } from '#main/core/engine/create.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'

const has = (python: string, modules: string) =>
  spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0
const python = [process.env.ISOFLOP_PYTHON, 'python3', 'python'].find(
  (name) => name && has(name, 'torch, transformers, safetensors'),
)
if (!python)
  console.warn(
    'Skipped: no Python with transformers. `pip install torch transformers` and ISOFLOP_PYTHON=/path/to/python make it run.',
  )

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-import-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function largestDifference(folder: string, expected: string): Promise<number> {
  const { model, parameters } = await importHuggingFace(folder)
  const { tensors } = await readSafetensors(expected)
  const inputs = Int32Array.from(tensors.get('ids')!.data)
  const engine = await createAnyEngine('auto', model, { threads: 0, parameters })
  const ours = await engine.logits({ inputs, rows: 2, columns: inputs.length / 2 })
  engine.dispose()
  const theirs = tensors.get('logits')!.data
  return ours.reduce((largest, value, i) => Math.max(largest, Math.abs(value - theirs[i])), 0)
}

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))

describe.skipIf(!python).each(['tiny', 'cerebras-111m'])('a model of the shape %s', (shape) => {
  let folder: string
  beforeAll(() => {
    folder = join(home, shape)
    mkdirSync(folder)
    execFileSync(python!, ['test/support/torch-models.py', folder, shape], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TRANSFORMERS_VERBOSITY: 'error' },
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['whole', 'shards', 'bin', 'bare'])('comes in with the logits of transformers (%s)', async (form) => {
    expect(await largestDifference(join(folder, form), join(folder, 'logits.safetensors'))).toBeLessThan(1e-4)
  })

  it('comes in from bfloat16 as those numbers exactly', async () => {
    const [whole, half] = [
      await importHuggingFace(join(folder, 'whole')),
      await importHuggingFace(join(folder, 'bfloat')),
    ]
    expect(half.dtypes).toEqual(['BF16'])
    for (const [name, values] of whole.parameters) {
      const other = half.parameters.get(name)!
      expect(
        values.every((value, i) => Math.abs(value - other[i]) <= Math.abs(value) / 256),
        name,
      ).toBe(true)
    }
  })

  it.each(['whole', 'bfloat'])('goes out bit for bit as it came in (%s)', async (form) => {
    const { model, parameters } = await importHuggingFace(join(folder, form))
    const out = join(folder, `out-${form}`)
    const tokenizer = shape === 'tiny' ? createByteTokenizer() : createGpt2Tokenizer()
    await exportModel({
      model,
      parameters,
      tokenizer,
      card: '# A model\n',
      name: 'm',
      folder: out,
      overwrite: false,
      form: { format: 'hf', dtype: form === 'whole' ? 'f32' : 'bf16' },
    })
    const again = await importHuggingFace(out)
    expect(again.dtypes).toEqual([form === 'whole' ? 'F32' : 'BF16'])
    for (const [name, values] of parameters) expect(sameBits(values, again.parameters.get(name)!), name).toBe(true)
    if (form !== 'whole') return
    const [theirs, ours] = await Promise.all([
      readSafetensors(join(folder, 'whole/model.safetensors')),
      readSafetensors(join(out, 'model.safetensors')),
    ])
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort())
    for (const [name, { data, shape: lengths }] of theirs.tensors) {
      expect(ours.tensors.get(name)!.shape).toEqual(lengths)
      expect(sameBits(data, ours.tensors.get(name)!.data), name).toBe(true)
    }
  })

  it.skipIf(!python || !has(python, 'gguf'))('is read from GGUF by its own library as what it was', async () => {
    const { model, parameters } = await importHuggingFace(join(folder, 'whole'))
    const tokenizer = shape === 'tiny' ? createByteTokenizer() : createGpt2Tokenizer()
    for (const dtype of ['f32', 'f16'] as const) {
      const { files } = await exportModel({
        model,
        parameters,
        tokenizer,
        card: '',
        name: 'm',
        folder: join(folder, 'gguf'),
        overwrite: false,
        form: { format: 'gguf', dtype },
      })
      const answer = execFileSync(
        python!,
        ['test/support/gguf-compare.py', join(folder, 'gguf', files[0].name), join(folder, 'whole/model.safetensors')],
        { encoding: 'utf8' },
      )
      expect(JSON.parse(answer)).toEqual({
        architecture: 'gpt2',
        tokens: model.shape.vocabulary,
        endOfText: tokenizer.endOfText,
        tensors: parameters.size,
        within: true,
        heads: model.shape.heads,
      })
    }
  })
})
