import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { defaultEvaluationOptions, type EvaluationTask } from '#shared/evaluation/evaluation.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { officialFiles } from '#main/lab/evaluations/hub-files.ts'
import { tasks } from '#main/core/evaluation/tasks.ts'
import { smallHub, type SmallHub } from '../../../support/small-hub.ts'
import { runIn, tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

const rows = (name: string) => ({
  content: new Uint8Array(readFileSync(`test/fixtures/evaluation/${name}.parquet`)),
  isLarge: true,
})

let hub: SmallHub
let bench: Bench
let lab: LabHost
beforeAll(async () => {
  hub = await smallHub({
    // As the hub writes them itself, several sizes of the task beside each other.
    'datasets/allenai/winogrande': {
      revision: 'refs/convert/parquet',
      files: {
        'winogrande_xl/validation/0000.parquet': rows('winogrande'),
        'winogrande_xl/train/0000.parquet': rows('winogrande_shots'),
        'winogrande_xl/test/0000.parquet': rows('arc_easy'),
        'winogrande_xs/train/0000.parquet': rows('arc_easy'),
      },
    },
    // As their authors did.
    'datasets/allenai/ai2_arc': {
      files: {
        'ARC-Easy/test-00000-of-00001.parquet': rows('arc_easy'),
        'ARC-Challenge/test-00000-of-00001.parquet': rows('winogrande'),
      },
    },
    'datasets/allenai/openbookqa': { files: { 'README.md': { content: new TextEncoder().encode('no rows') } } },
  })
})
afterAll(() => hub.close())
beforeEach(async () => {
  process.env.HF_ENDPOINT = hub.endpoint
  bench = tinyLab()
  lab = await bench.open()
})
afterEach(async () => {
  delete process.env.HF_ENDPOINT
  hub.intrude = null
  await bench.clean()
})

const taskIs = (name: string, what: (task: EvaluationTask) => boolean) =>
  until(async () => (await lab.listTasks()).find((one) => one.name === name && what(one)), `${name}`)
const fetched = (name: string) =>
  taskIs(name, ({ fetching, files, message }) => fetching === null && (files.length > 0 || message !== null))

describe('official rows', () => {
  test('lie at these places of the hub', () => {
    expect(
      Object.fromEntries(
        tasks
          .filter(({ hub: source }) => source)
          .map(({ name, hub: source }) => [
            name,
            [source!.dataset, source!.config, source!.split, source!.shotsSplit].join(' '),
          ]),
      ),
    ).toEqual({
      hellaswag: 'Rowan/hellaswag  validation train',
      piqa: 'baber/piqa  validation train',
      winogrande: 'allenai/winogrande winogrande_xl validation train',
      lambada_openai: 'EleutherAI/lambada_openai default test ',
      arc_easy: 'allenai/ai2_arc ARC-Easy test train',
      arc_challenge: 'allenai/ai2_arc ARC-Challenge test train',
      openbookqa: 'allenai/openbookqa main test train',
      sciq: 'allenai/sciq  test train',
      boolq: 'aps/super_glue boolq validation train',
      wikitext: 'EleutherAI/wikitext_document_level wikitext-2-raw-v1 test ',
    })
  })

  test.each([
    ['default/validation/0000.parquet', true],
    ['default/train/0003.parquet', true],
    ['default/test/0000.parquet', false],
    ['data/validation-00000-of-00001.parquet', true],
    ['validation-00000-of-00002-abcdef.parquet', true],
    ['data/validation_extra-00000-of-00001.parquet', false],
    ['README.md', false],
    ['a/b/validation/0000.parquet', false],
  ])('%s is wanted: %s', (path, isWanted) => {
    expect(
      officialFiles({ dataset: 'a/b', config: null, split: 'validation', shotsSplit: 'train' }).isWanted(path),
    ).toBe(isWanted)
  })

  test('come from the hub with their examples, once, and are told while they come', async () => {
    const told: EvaluationTask[] = []
    lab.listen('task', (task) => told.push(task))
    expect((await lab.fetchTask('winogrande')).fetching).toEqual({ doneBytes: 0, totalBytes: null })
    const { files, message } = await fetched('winogrande')
    expect(message).toBeNull()
    expect(files).toMatchObject([
      {
        role: 'items',
        source: 'hub',
        name: 'allenai/winogrande, validation',
        rows: 24,
        paths: [expect.stringMatching(/winogrande_xl.validation.0000\.parquet$/)],
      },
      { role: 'shots', source: 'hub', name: 'allenai/winogrande, train', rows: 12 },
    ])
    expect(told.every(({ name }) => name === 'winogrande')).toBe(true)
    expect(told[told.length - 1]).toMatchObject({ fetching: null, files: [{}, {}] })
    hub.asked.length = 0
    await lab.fetchTask('winogrande')
    const { files: again } = await fetched('winogrande')
    expect(hub.asked).toEqual([])
    await lab.close()
    lab = await bench.open()
    expect((await lab.listTasks()).find(({ name }) => name === 'winogrande')!.files).toEqual(again)
  })

  test('come from what the authors uploaded where the hub has made nothing of it', async () => {
    await lab.fetchTask('arc_easy')
    expect((await fetched('arc_easy')).files).toMatchObject([
      { role: 'items', rows: 24, paths: [expect.stringContaining('ARC-Easy')] },
    ])
  })

  test('are fetched when an evaluation needs them', async () => {
    const study = await tinyStudy(lab)
    await lab.updateStudy(study.id, { recipe: { ...study.recipe, context: 256, batchTokens: 512 } })
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, id, 'finished')
    const [{ id: evaluation }] = await lab.startEvaluations(
      study.id,
      [{ kind: 'run', runId: id, step: null }],
      ['arc_easy'],
      { ...defaultEvaluationOptions, limit: 3 },
    )
    const done = await until(
      async () =>
        (await lab.listEvaluations(study.id)).find(
          (one) => one.id === evaluation && (one.state === 'finished' || one.state === 'failed'),
        ),
      'its end',
    )
    expect(done).toMatchObject({
      state: 'finished',
      message: null,
      result: { items: 3, metrics: [{ name: 'acc' }, { name: 'acc_norm' }, { name: 'answer_bits_per_byte' }] },
    })
    const {
      items: [first],
    } = await lab.readSamples(evaluation, { verdict: 'all', from: 0, count: 1 })
    expect(first.contexts[0]).toMatch(/^Question: .*\nAnswer:$/)
    expect(first.logLikelihoods.every((nats) => nats < 0)).toBe(true)
  })
})

describe('rows that do not come', () => {
  test('leave a sentence, and nothing half', async () => {
    await lab.fetchTask('openbookqa')
    expect(await fetched('openbookqa')).toMatchObject({
      files: [],
      message: expect.stringMatching(/allenai\/openbookqa holds none of the files/),
    })
    await lab.fetchTask('hellaswag')
    expect((await fetched('hellaswag')).message).toMatch(/There is no dataset Rowan\/hellaswag/)
  })

  test('because there is no network: the task says so, and so does what waited for them', async () => {
    process.env.HF_ENDPOINT = 'http://127.0.0.1:9'
    await lab.fetchTask('winogrande')
    const { message } = await fetched('winogrande')
    expect(message).toBe(
      '127.0.0.1:9 cannot be reached, so allenai/winogrande was not fetched; check the network, or use a local file.',
    )
    const study = await tinyStudy(lab)
    const [{ id }] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, id, 'finished')
    await lab.startEvaluations(
      study.id,
      [{ kind: 'run', runId: id, step: null }],
      ['winogrande'],
      defaultEvaluationOptions,
    )
    const failed = await until(
      async () => (await lab.listEvaluations(study.id)).find(({ state }) => state === 'failed'),
      'its failure',
    )
    expect(failed).toMatchObject({ code: 'unavailable', message })
  })

  test('because a person stops them', async () => {
    hub.intrude = () => true // never answers
    await lab.fetchTask('winogrande')
    expect(await lab.stopFetchingTask('winogrande')).toMatchObject({ fetching: null, message: null, files: [] })
  })

  test('because a task has none', async () => {
    await expect(lab.fetchTask('copy')).rejects.toThrow('Copy has no rows on the hub. Add a file of your own.')
  })
})
