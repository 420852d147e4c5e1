// A GGUF export run for real by llama.cpp: the same tokens of a text, the same logits and the same greedy continuation
// as ours.
// Run by `npm run check:llama`, which builds llama.cpp once (some ten minutes) and names its Python in
// ISOFLOP_LLAMA_PYTHON; no part of `npm test`.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelPlan } from '#shared/family/model.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { generate } from '#main/core/generation/generate.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import { createByteTokenizer, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { smallText } from '../support/small-text.ts'
import { tinyModels, tinyParameters } from '../support/tiny-models.ts'

const python = [process.env.ISOFLOP_LLAMA_PYTHON, process.env.ISOFLOP_PYTHON, 'python3'].find(
  (name) => name && spawnSync(name, ['-c', 'import llama_cpp'], { stdio: 'ignore' }).status === 0,
)
if (!python) throw new Error('No Python with llama_cpp: run `npm run check:llama`, which builds one.')

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-llama-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function learned(): Promise<Tokenizer> {
  const training = trainTokenizer({ kind: 'bpe', vocabulary: 300 }, [smallText(20_000)], new AbortController().signal)
  for (;;) {
    const next = await training.next()
    if (next.done) return next.value
  }
}

/** llama.cpp wants a width that its vectors divide, and a context with room. */
const roomy = (model: ModelPlan, vocabulary: number): ModelPlan => ({
  ...model,
  shape: { layers: 2, width: 64, heads: 2, context: 64, vocabulary },
})
const scaled = (model: ModelPlan): ModelPlan => ({
  ...model,
  parametrisation: {
    ...model.parametrisation,
    attentionScale: model.parametrisation.attentionScale === 0.25 ? 1 / 32 : 1 / Math.sqrt(32),
  },
})

describe('llama.cpp', () => {
  // Its GPT-2 has the tanh form of GELU alone: a model with the erf form is run too, and its logits may differ by what
  // the two forms do.
  it.each([
    ['gpt2', 'bytes', 'f32', 2e-3],
    ['gpt2', 'learned', 'f32', 2e-3],
    ['gpt2', 'learned', 'f16', 5e-2],
    ['standard', 'learned', 'f32', 5e-2],
    ['mup', 'bytes', 'f32', 5e-2],
  ] as const)('goes on as we do (%s model, %s tokenizer, %s)', async (name, cutting, dtype, within) => {
    const tokenizer = cutting === 'bytes' ? createByteTokenizer() : await learned()
    const model = scaled(roomy(tinyModels[name], tokenizer.vocabulary))
    const small = (values: Float32Array, parameter: string) =>
      /ln_|bias/.test(parameter) ? values : values.map((value) => value * 0.3)
    const parameters = new Map(
      [...tinyParameters(model)].map(([parameter, values]) => [parameter, small(values, parameter)]),
    )
    const folder = join(home, `${name}-${cutting}-${dtype}`)
    const { files } = await exportModel({
      model,
      parameters,
      tokenizer,
      card: '',
      name: 'm',
      folder,
      overwrite: false,
      form: { format: 'gguf', dtype },
    })

    const text = 'The people of the times — naïve, 1234!'
    const engine = createGpt(createReferenceKernels(), 'reference', model, parameters)
    const writing = generate(engine, tokenizer, { prompt: text, tokens: 20, temperature: 0, topK: 0, topP: 1, seed: 0 })
    let ours = await writing.next()
    while (!ours.done) ours = await writing.next()
    const ids = ours.value.prompt.map(({ id }) => id)
    const logits = await engine.logits({ inputs: Int32Array.from(ids), rows: 1, columns: ids.length })
    engine.dispose()

    writeFileSync(join(home, 'request.json'), JSON.stringify({ ids, tokens: ours.value.tokens.length, text }))
    const theirs = JSON.parse(
      execFileSync(
        python,
        ['test/support/llama-continue.py', join(folder, files[0].name), join(home, 'request.json')],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      ),
    )
    expect(theirs.cut).toEqual(ids)
    const last = logits.subarray(logits.length - tokenizer.vocabulary)
    const spread = Math.max(...last) - Math.min(...last)
    expect(Math.max(...last.map((value, id) => Math.abs(value - theirs.logits[0][id]))) / spread).toBeLessThan(within)
    expect(theirs.ids).toEqual(ours.value.tokens.map(({ id }) => id))
  })
})
