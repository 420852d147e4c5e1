// resources/torch against our own trainer: two hundred steps of every schedule under both parametrisations, on one and
// two processes, have the same losses, rates and gradients; what one saved the other goes on from.
// ISOFLOP_PYTHON names a Python with torch; without one this is skipped.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelOf } from '#shared/family/parametrisation.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import type { RunPlan } from '#shared/run.ts'
import { createEngine } from '#main/core/engine/create.ts'
import { initialWeights } from '#main/core/engine/init.ts'
import { checkpointFolder, loadCheckpoint, loadParameters } from '#main/core/model-formats/checkpoint.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import { readRunFile, type RunFile } from '#main/core/training/run-file.ts'
import { scoreBlocks, splitBlocks } from '#main/core/training/score-split.ts'
import { openTokens, tokensPath } from '#main/platform/disk/token-files.ts'
import {
  apart,
  expectSameSteps,
  killStarted,
  linesOf,
  python,
  runNative,
  runPython,
  savedOnce,
  torchrun,
  wholeOf,
} from '../support/pytorch-runs.ts'
import { makeRunFiles } from '../support/run-files.ts'

const steps = 200
/**
 * Of the peak rate that the recipe's rule gives for so small a model. There rounding itself grows: two of our own runs
 * that only cut a batch otherwise are 3e-4 nats apart after 200 steps, and 2e-7 at 0.004, where PyTorch is up to
 * 1.06e-5 from a processor with AVX2 alone.
 */
const peakLearningRate = 0.003

type Setting = Pick<Recipe, 'decay' | 'parametrisation'>
const settings = new Map<string, Setting>(
  (['linear', 'cosine', 'wsd', 'wsd-s', 'constant'] as const).flatMap((decay) =>
    (['standard', 'mup'] as const).map((parametrisation) => [
      `${parametrisation} ${decay},`,
      { decay, parametrisation },
    ]),
  ),
)
const names = [...settings.keys()]
/** Every schedule on one process and on two. */
const groups = [
  { processes: 1, strategy: 'ddp', names: names.filter((_, i) => i % 4 === 0 || i % 4 === 3) },
  { processes: 2, strategy: 'ddp', names: names.filter((_, i) => i % 4 === 1) },
  { processes: 2, strategy: 'fsdp', names: names.filter((_, i) => i % 4 === 2) },
]
const firstStep = ['of native', 'of ddp', 'of fsdp', 'of bf16'].map((engine) => `mup linear, ${engine}`)

/**
 * The setting by the name of the run. Where the batch grows, from 5 sequences to 8, it comes in micro-batches of 2:
 * the shares of two processes are unequal, and one has micro-batches that the other has not.
 */
function planOf(plan: RunPlan): RunPlan {
  const setting = [...settings].find(([name]) => plan.runId.includes(name))![1]
  const isGrowing = setting.decay === 'constant' || setting.decay === 'cosine'
  const phases = [
    { steps: 80, batchSequences: 5 },
    { steps: 120, batchSequences: 8 },
  ]
  const recipe: Recipe = {
    ...{ ...plan.recipe, ...setting, mupBaseWidth: 16 },
    activation: setting.parametrisation === 'mup' ? 'gelu_new' : 'gelu',
    ...(plan.runId.includes('bf16') ? { precision: 'bf16' as const } : {}),
  }
  const member = {
    ...{ ...plan.member, peakLearningRate },
    ...(isGrowing ? { batchSequences: 5, microBatchSequences: 2, phases } : {}),
  }
  const every = { validationEverySteps: 100, sampleEverySteps: setting.decay === 'linear' ? 200 : 0 }
  return { ...plan, ...every, recipe, member, model: modelOf(member, recipe), seed: 7 }
}

let home: string
const folderOf = (run: string) => join(home, run)
const runFile = (run: string) => join(home, run, 'run.json')
const trainerOf = (run: string) => Number(readFileSync(join(home, run, 'trainer.lock.pid'), 'utf8'))

describe.skipIf(!python)('a run trained by PyTorch', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'isoflop-pytorch-'))
    const all = names.flatMap((name) => [name, `${name} native`])
    await makeRunFiles(home, all, { steps, checkpointEverySteps: 100, edit: planOf })
    const interrupted = ['mup wsd, asked', 'mup wsd, killed', 'mup wsd, handed over']
    await makeRunFiles(home, interrupted, { steps, checkpointEverySteps: 20, edit: planOf })
    await makeRunFiles(home, firstStep, { steps: 1, edit: planOf })
    for (const name of names) await runNative(runFile(`${name} native`))
    await runNative(runFile('mup linear, of native'))
  })
  for (const { processes, strategy, names } of groups)
    beforeAll(async () => {
      const also = processes === 1 ? ['mup linear, of bf16'] : [`mup linear, of ${strategy}`]
      const files = [...also, ...names].map(runFile)
      const starting = processes === 1 ? [] : torchrun(processes)
      const { code, words } = await runPython([...starting, 'test/fixtures/pytorch/several.py', strategy, ...files])
      expect(code, words).toBe(0)
    })
  afterAll(() => {
    killStarted()
    if (home) rmSync(home, { recursive: true, force: true })
  })

  it.each(groups.flatMap(({ names, ...how }) => names.map((name) => ({ name, ...how }))))(
    'has our losses, rates and gradients: $name $processes × $strategy',
    async ({ name }) => {
      expectSameSteps(folderOf(`${name} native`), folderOf(name))
      const [own, theirs] = [wholeOf(folderOf(`${name} native`)), wholeOf(folderOf(name))]
      expect(theirs.map(({ tokens }) => tokens)).toEqual(own.map(({ tokens }) => tokens))
      for (const [i, { loss, standardError }] of own.entries()) {
        expect(Math.abs(theirs[i].loss - loss)).toBeLessThan(1e-5)
        expect(Math.abs(theirs[i].standardError! - standardError!)).toBeLessThan(1e-5)
      }
      const kinds = (run: string) => linesOf(folderOf(run)).map(({ kind }) => kind)
      expect(kinds(name)).toEqual(kinds(`${name} native`))
    },
  )

  it.each(['ddp', 'fsdp'])('has our gradients, tensor by tensor: 2 × %s', async (strategy) => {
    const stateOf = async (run: string) =>
      (await loadCheckpoint(checkpointFolder(join(folderOf(run), 'checkpoints'), 1))).state
    const [own, theirs] = [await stateOf('mup linear, of native'), await stateOf(`mup linear, of ${strategy}`)]
    // After one update the first moment is a tenth of the clipped gradient.
    expect([...theirs.firstMoments.keys()]).toEqual([...own.firstMoments.keys()])
    for (const [name, moment] of own.firstMoments)
      expect(apart(theirs.firstMoments.get(name)!, moment), name).toBeLessThan(1e-4)
  })

  it('writes the text that we write', () => {
    const samples = (run: string) =>
      linesOf(folderOf(run)).flatMap((line) => (line.kind === 'sample' ? [line.record.text] : []))
    expect(samples(names[0])).toEqual(samples(`${names[0]} native`))
    expect(samples(names[0])[0]).toMatch(/^The./)
  })

  it('multiplies in bf16 where the recipe says so', () => {
    const lossOf = (run: string) =>
      linesOf(folderOf(run)).flatMap((line) => (line.kind === 'step' ? [line.record.loss] : []))
    const [[half], [full]] = [lossOf('mup linear, of bf16'), lossOf('mup linear, of native')]
    expect(half).not.toBeCloseTo(full, 6)
    expect(half).toBeCloseTo(full, 1)
  })

  it('begins with our weights, also where they are drawn in parts', async () => {
    const { plan } = await readRunFile(runFile(names[0]))
    const model = { ...plan.model, shape: { ...plan.model.shape, vocabulary: 3000 }, seed: 2 ** 40 + 3 }
    const raw = join(home, 'first.bin')
    const script = [
      'import json, sys, torch',
      'from isoflop_torch import first_weights',
      'from isoflop_torch.model import GPT',
      'first_weights.SEGMENT = 2**14',
      'plan = json.loads(sys.argv[1])',
      'with torch.device("meta"): names = [(n, p.shape) for n, p in GPT(plan).named_parameters()]',
      'from isoflop_torch.safetensors import bytes_of',
      'with open(sys.argv[2], "wb") as file:',
      '    for name, shape in names: file.write(bytes_of(first_weights.first_weights(name, shape, plan)))',
    ].join('\n')
    const { code, words } = await runPython(['-c', script, JSON.stringify(model), raw])
    expect(code, words).toBe(0)
    const bytes = readFileSync(raw)
    const theirs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const ours = [...initialWeights(model).values()].flatMap((values) => [...new Int32Array(values.buffer)])
    expect(theirs).toHaveLength(ours.length)
    // docs/rebuild.md: a logarithm rounded otherwise moves a number by the last bit, if at all
    expect(ours.filter((bits, i) => Math.abs(bits - theirs[i]) > 1)).toEqual([])
    expect(ours.filter((bits, i) => bits !== theirs[i]).length).toBeLessThan(ours.length / 1e4)
  })

  it('saves when one of its processes is asked to, and goes on on another number of them', async () => {
    const run = 'mup wsd, asked'
    const saving = (_: unknown) => savedOnce(folderOf(run)).then(() => void process.kill(trainerOf(run), 'SIGUSR1'))
    const two = await runPython([...torchrun(2), '-m', 'isoflop_torch', runFile(run), '--strategy', 'fsdp'], saving)
    expect(two.words).toMatch(/Saved at step \d+, not finished/)
    const last = linesOf(folderOf(run)).at(-1)
    expect(last).toMatchObject({ kind: 'ended', isFinished: false })
    const frugal = ['--strategy', 'fsdp', '--recompute', '--micro-batch', '3']
    const one = await runPython(['-m', 'isoflop_torch', runFile(run), ...frugal])
    expect(one.code, one.words).toBe(0)
    const sessions = linesOf(folderOf(run)).flatMap((line) => (line.kind === 'started' ? [line.step] : []))
    expect(sessions).toEqual([0, last!.kind === 'ended' && last!.step]) // nothing is done twice
    expectSameSteps(folderOf('mup wsd, native'), folderOf(run))
  })

  it('goes on from what we saved, ends with 75 where it is asked to, and we go on from what it saved', async () => {
    const run = 'mup wsd, handed over'
    await runNative(runFile(run), (record) => record.kind === 'step' && record.record.step === 50)
    const asking = async (child: { kill(signal: 'SIGTERM'): unknown }) => {
      await savedOnce(folderOf(run))
      child.kill('SIGTERM')
    }
    const { code, words } = await runPython(['-m', 'isoflop_torch', runFile(run)], asking)
    expect(code, words).toBe(75)
    expect(words).toMatch(/^From step 50 on PyTorch/)
    await runNative(runFile(run))
    expectSameSteps(folderOf('mup wsd, native'), folderOf(run))
  })

  it('goes on from its last checkpoint when it or torchrun is killed', async () => {
    const run = 'mup wsd, killed'
    const command = [...torchrun(2), '-m', 'isoflop_torch', runFile(run)]
    await runPython(command, async (launcher) => {
      await savedOnce(folderOf(run))
      launcher.kill('SIGKILL') // its processes notice that nobody watches them, save, and give the run free
    })
    const second = await runPython([...command, '--strategy', 'fsdp'], async () => {
      await savedOnce(folderOf(run))
      process.kill(trainerOf(run), 'SIGKILL')
    })
    expect(second.code).not.toBe(0)
    expect(linesOf(folderOf(run)).at(-1)).not.toMatchObject({ kind: 'failed' })
    const third = await runPython(['-m', 'isoflop_torch', runFile(run)])
    expect(third.code, third.words).toBe(0)
    expectSameSteps(folderOf('mup wsd, native'), folderOf(run))
  })

  it('leaves checkpoints that the lab scores and exports as its own', async () => {
    const { plan, tokensFolder } = await readRunFile(runFile('mup wsd,'))
    const { parameters } = await loadParameters(checkpointFolder(join(folderOf('mup wsd,'), 'checkpoints'), steps))
    using engine = Object.assign(await createEngine('native', plan.model, { threads: 1, parameters }), {
      [Symbol.dispose]: () => engine.dispose(),
    })
    const tokens = openTokens(tokensPath(tokensFolder, 'validation'))
    const rows = plan.member.microBatchSequences
    const blocks = splitBlocks(tokens, {
      context: plan.member.shape.context,
      sequences: plan.validationSequences,
      rows,
    })!
    const scored = await scoreBlocks((batch) => engine.loss(batch), blocks.whole())
    tokens.close()
    expect(Math.abs(scored!.loss - wholeOf(folderOf('mup wsd,')).at(-1)!.loss)).toBeLessThan(1e-5)
    const folder = join(home, 'exported')
    const tokenizer = loadTokenizer(tokensFolder)
    const exported = { model: plan.model, parameters, tokenizer, card: '', name: 'm', folder, overwrite: false }
    await exportModel({ ...exported, form: { format: 'hf', dtype: 'f32', scales: 'own' } })
    expect((await importHuggingFace(folder)).parameters).toEqual(parameters)
  })

  it('begins from an imported model where the run does', async () => {
    const origin = { modelId: 'm', name: 'Exported' }
    const runs = ['mup wsd, tuned', 'mup wsd, tuned native']
    await makeRunFiles(home, runs, { steps: 2, edit: (plan) => ({ ...planOf(plan), origin }) })
    for (const run of runs) {
      const file = JSON.parse(readFileSync(runFile(run), 'utf8')) as RunFile
      writeFileSync(runFile(run), JSON.stringify({ ...file, startsFrom: '../exported' }))
    }
    const { code, words } = await runPython(['-m', 'isoflop_torch', runFile(runs[0])])
    expect(code, words).toBe(0)
    await runNative(runFile(runs[1]))
    expectSameSteps(folderOf(runs[1]), folderOf(runs[0]))
  })

  it('says in one sentence what is no run', async () => {
    writeFileSync(join(home, 'no-run.json'), '{"format":"isoflop-run","version":1}')
    const { code, words } = await runPython(['-m', 'isoflop_torch', join(home, 'no-run.json')])
    expect(code).toBe(1)
    expect(words.trim().split('\n')).toHaveLength(1)
    expect(words).toMatch(/is not the file of a run \(plan\.model\.shape\.layers\)/)
  })
})
