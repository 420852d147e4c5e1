import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isTraining } from '#shared/run.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { runIn, tinyStudy, trainingIn, until } from '../../../support/tiny-lab.ts'
import { folder, bench, lab, imported, options, openLabBesideModel } from '../models/bench.ts'

openLabBesideModel()

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
