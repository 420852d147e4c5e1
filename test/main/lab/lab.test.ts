import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { corpusReady, tinyLab, until, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

describe('the first start', () => {
  it('reads the bundled texts and makes a study of the default corpus', async () => {
    const lab = await bench.open()
    const study = await lab.createStudy('First')
    const corpus = await corpusReady(lab)
    expect(corpus).toMatchObject({ id: study.corpusId, origin: 'bundled' })
    expect(corpus.splits.train.documents + corpus.splits.validation.documents + corpus.splits.test.documents).toBe(
      corpus.documents,
    )
    const plan = await lab.planStudy(study.id)
    expect(plan.length).toBeGreaterThanOrEqual(3)
    expect(plan.every(({ refusal, epochs }) => refusal === null && epochs === null)).toBe(true)
    const tokenizer = { kind: 'bpe' as const, vocabulary: 300 }
    await lab.updateStudy(study.id, { tokenizer })
    await lab.tokenizeCorpus(study.corpusId, tokenizer)
    const tokens = await until(async () => (await lab.listTokenized()).find(({ state }) => !isUnderWay({ state })))
    expect(tokens).toMatchObject({ state: 'finished', message: null })
    expect((await lab.planStudy(study.id)).every(({ epochs }) => epochs !== null && epochs > 0)).toBe(true)
  })

  it('is had by one lab at a time, and says by whom', async () => {
    await bench.open()
    await expect(bench.open()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  it('leaves a store that is not its own as it was', async () => {
    const lab = await bench.open()
    await lab.close()
    const path = join(bench.home, 'isoflop.db')
    writeFileSync(path, 'not a database at all, but somebody wrote it')
    await expect(bench.open()).rejects.toMatchObject({ code: 'damaged' })
    expect(readFileSync(path, 'utf8')).toBe('not a database at all, but somebody wrote it')
    await expect(bench.open()).rejects.toMatchObject({ code: 'damaged' }) // and the lock was given back
  })
})

describe('what comes in through a door', () => {
  const cases: [string, (lab: LabHost) => Promise<unknown>, RegExp][] = [
    ['an empty name', (lab) => lab.createStudy('  '), /^name: must not be empty\.$/],
    ['a number for a name', (lab) => lab.createStudy(7 as never), /^name: must be a text; it is 7\.$/],
    ['an unknown setting', (lab) => lab.updateSettings({ colour: 'red' } as never), /^changes: .*colour/],
    ['threads below zero', (lab) => lab.updateSettings({ threads: -1 }), /^changes\.threads: /],
    ['an unknown engine', (lab) => lab.updateSettings({ engine: 'abacus' as never }), /^changes\.engine: /],
    ['no members', (lab) => lab.startRuns('x', []), /^memberIds: must name at least one member/],
    [
      'a vocabulary below the bytes',
      (lab) => lab.tokenizeCorpus('x', { kind: 'bpe', vocabulary: 100 }),
      /^tokenizer\.vocabulary: /,
    ],
    [
      'a document of something else',
      (lab) => lab.importStudy({ format: 'shopping-list' }),
      /^document\.format: .*not a study/,
    ],
    [
      'a top-p of zero',
      (lab) =>
        lab.generate(
          { kind: 'run', runId: 'x', step: null },
          { prompt: '', tokens: 1, temperature: 1, topK: 0, topP: 0, seed: 0 },
          'g',
        ),
      /^options\.topP: /,
    ],
    [
      'too many arguments',
      (lab) => (lab.listStudies as (...args: unknown[]) => Promise<unknown>)(1),
      /takes 0 arguments and got 1/,
    ],
  ]
  it.each(cases)('%s is answered with a sentence that names the field', async (_, ask, sentence) => {
    const lab = await bench.open()
    const before = JSON.stringify([await lab.listStudies(), await lab.settings(), await lab.listRuns(null)])
    const failure = (await ask(lab).catch((error) => error)) as Fault
    expect(failure).toBeInstanceOf(Fault)
    expect(failure.code).toBe('bad-input')
    expect(failure.message).toMatch(sentence)
    expect(JSON.stringify([await lab.listStudies(), await lab.settings(), await lab.listRuns(null)])).toBe(before)
  })

  it('a member whose heads do not divide its width is named', async () => {
    const lab = await bench.open()
    const study = await lab.createStudy('Shapes')
    const members = [{ id: 'a', name: 'a', layers: 1, width: 10, heads: 3, isEnabled: true }]
    await expect(lab.updateStudy(study.id, { ladder: { ...study.ladder, members } })).rejects.toThrow(
      'changes.ladder.members.0.heads: must divide the width.',
    )
    expect(await lab.listStudies()).toEqual([study])
  })

  it('nothing is answered once the lab is closed', async () => {
    const lab = await bench.open()
    await lab.close()
    for (const request of labRequests)
      await expect((lab[request] as () => Promise<unknown>)()).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('the machine', () => {
  it('is probed at the first need, one engine a process, and remembered', async () => {
    const asked: string[] = []
    bench.answer = (job) => {
      if (job.kind !== 'probe' && job.kind !== 'measure') return null
      asked.push(`${job.kind} ${job.engine}`)
      return (async function* () {
        if (job.kind === 'measure') return [{ width: 64, flopsPerSecond: 1e9 }]
        if (job.engine === 'gpu') throw new Error('the driver fell over')
        const rate = { native: 900, cuda: 700, tensorflow: 300, wasm: 100, reference: 1 }[job.engine as string]!
        return {
          name: job.engine,
          isAvailable: true,
          description: `${job.engine} here`,
          tokensPerSecond: rate,
          flopsPerSecond: rate * 1e6,
        }
      })()
    }
    let lab = await bench.open()
    const machine = await lab.machine()
    expect(machine).toMatchObject({ engine: 'native', calibration: [{ width: 64, flopsPerSecond: 1e9 }] })
    expect(machine.probes.map(({ name, isAvailable }) => `${name} ${isAvailable}`)).toEqual([
      'native true',
      'gpu false',
      'cuda true',
      'tensorflow true',
      'wasm true',
      'reference true',
    ])
    expect(machine.probes[1].description).toContain('the driver fell over')
    await lab.close()
    asked.length = 0
    lab = await bench.open()
    expect(await lab.machine()).toEqual(machine)
    expect(asked).toEqual([])
    const study = await lab.createStudy('Timed')
    expect((await lab.planStudy(study.id)).every(({ seconds }) => seconds !== null && seconds > 0)).toBe(true)
    let told: RunSummary | unknown = null
    lab.listen('machine', (news) => (told = news))
    await lab.updateSettings({ engine: 'wasm' })
    expect(told).toMatchObject({ engine: 'wasm' })
    expect(await lab.machine()).toMatchObject({
      engine: 'wasm',
      reason: expect.stringContaining('Chosen in the settings'),
    })
    expect(asked).toEqual(['measure wasm'])
  })

  it('a probe whose process dies is an engine that is not available', async () => {
    bench.answer = (job) => {
      if (job.kind === 'measure')
        return (async function* () {
          return [{ width: 64, flopsPerSecond: 1e9 }]
        })()
      if (job.kind !== 'probe') return null
      return (async function* () {
        if (job.engine !== 'reference') {
          bench.workers.killNewest()
          await new Promise(() => undefined)
        }
        return {
          name: job.engine,
          isAvailable: true,
          description: 'always here',
          tokensPerSecond: 1,
          flopsPerSecond: 1e6,
        }
      })()
    }
    const lab = await bench.open()
    await corpusReady(lab) // so that the newest worker is a probe
    const { engine, probes } = await lab.machine()
    expect(engine).toBe('reference')
    expect(probes[0]).toMatchObject({
      isAvailable: false,
      description: expect.stringContaining('It crashed when it was tried'),
    })
  })
})
