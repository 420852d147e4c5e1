// The claim of an export, held against the library it is made for: transformers opens it, and its logits are ours.
// ISOFLOP_PYTHON names a Python with torch and transformers (`pip install torch transformers`); without one this is
// skipped.
// ISOFLOP_WRITE_GOLDEN=1 renews test/fixtures/transformers, which the unit tests use where there is no Python.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportHuggingFace } from '#main/core/model-formats/huggingface.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { createByteTokenizer, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import { tinyCard, tinyInputs, tinyModels, tinyParameters } from '../support/tiny-models.ts'

const python = [process.env.ISOFLOP_PYTHON, 'python3', 'python'].find(
  (name) =>
    name && spawnSync(name, ['-c', 'import torch, transformers, safetensors'], { stdio: 'ignore' }).status === 0,
)
if (!python)
  console.warn(
    'Skipped: no Python with transformers. ISOFLOP_PYTHON=$(node scripts/setup-peers.mjs) npm test makes it run.',
  )

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-transformers-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function askTransformers(
  folder: string,
  request: { inputs: Int32Array; rows: number; columns: number; texts?: string[] },
) {
  writeFileSync(join(home, 'request.json'), JSON.stringify({ ...request, inputs: [...request.inputs] }))
  const out = join(home, 'logits.safetensors')
  const answer = execFileSync(
    python!,
    ['test/support/transformers-logits.py', folder, join(home, 'request.json'), out],
    {
      encoding: 'utf8',
      env: { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return JSON.parse(answer.trim().split('\n').at(-1)!)
}

describe.skipIf(!python)('transformers', () => {
  for (const name of ['standard', 'gpt2', 'mup'] as const) {
    it(`opens an export of the ${name} model and computes our logits within 1e-4`, async () => {
      const model = tinyModels[name]
      const folder = join(home, name)
      const parameters = tinyParameters(model)
      await exportHuggingFace({
        model,
        parameters,
        tokenizerFiles: [],
        endOfText: 256,
        card: tinyCard(model),
        folder,
        overwrite: false,
      })
      const batch = tinyInputs()
      const answer = askTransformers(folder, batch)
      expect(answer.parameters).toBe([...parameters.values()].reduce((sum, { length }) => sum + length, 0))

      const engine = createGpt(createReferenceKernels(), 'reference', model)
      engine.restore({ updates: 0, parameters, firstMoments: new Map(), secondMoments: new Map() })
      const ours = await engine.logits(batch)
      engine.dispose()
      const theirs = (await readSafetensors(join(home, 'logits.safetensors'))).tensors.get('logits')!
      expect(theirs.shape).toEqual([2, 12, 257])
      let largest = 0
      for (let i = 0; i < ours.length; i++) largest = Math.max(largest, Math.abs(ours[i] - theirs.data[i]))
      expect(largest).toBeLessThan(1e-4)
      expect(Math.max(...ours)).toBeGreaterThan(0.5) // the comparison is about something

      if (process.env.ISOFLOP_WRITE_GOLDEN) {
        cpSync(folder, `test/fixtures/transformers/${name}`, { recursive: true })
        copyFileSync(join(home, 'logits.safetensors'), `test/fixtures/transformers/${name}/logits.safetensors`)
      }
    })
  }

  const texts = [
    'It was the best of times, it was  the worst of times.',
    ' naïve café — 日本語 😀\n\n\ttabs',
    "I'll don't 1234 you're",
    '',
    'a<|endoftext|>b',
  ]
  async function learned(): Promise<Tokenizer> {
    const training = trainTokenizer(
      { kind: 'bpe', vocabulary: 280 },
      [texts[0].repeat(3), 'the times are the best there are, the rest is worse'],
      new AbortController().signal,
    )
    for (;;) {
      const next = await training.next()
      if (next.done) return next.value
    }
  }
  const tokenizers = { bytes: createByteTokenizer, learned, gpt2: createGpt2Tokenizer }
  for (const name of ['bytes', 'learned', 'gpt2'] as const) {
    it(`reads the ${name} tokenizer of an export and cuts text as we do`, async () => {
      const tokenizer = await tokenizers[name]()
      const model = {
        ...tinyModels.standard,
        shape: { ...tinyModels.standard.shape, vocabulary: tokenizer.vocabulary },
      }
      const folder = join(home, `tokenizer-${name}`)
      await exportHuggingFace({
        model,
        parameters: tinyParameters(model),
        tokenizerFiles: tokenizerFiles(tokenizer),
        endOfText: tokenizer.endOfText,
        card: tinyCard(model),
        folder,
        overwrite: false,
      })
      const answer = askTransformers(folder, { ...tinyInputs(), texts })
      expect(answer.endOfText).toBe(tokenizer.endOfText)
      // the marker in a text is a special token there, and plain text here: only they let it through
      const plain = texts.slice(0, 4)
      expect(answer.ids.slice(0, 4)).toEqual(plain.map((text) => [...tokenizer.encode(text)]))
      expect(answer.decoded.slice(0, 4)).toEqual(plain)
      expect(answer.ids[4]).toContain(tokenizer.endOfText)
    })
  }
})
