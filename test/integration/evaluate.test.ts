// `isoflop evaluate` and its neighbours as a script meets them, on a tiny model that was made elsewhere.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandLine, type CommandLine } from '../support/command-line.ts'
import { smallHub } from '../support/small-hub.ts'

const fixtures = 'test/fixtures/evaluation'
const { cases } = JSON.parse(readFileSync(`${fixtures}/harness.json`, 'utf8')) as {
  cases: { task: string; shots: number; sampler: string | null; results: Record<string, number> }[]
}
let home: string
let command: CommandLine
let isoflop: CommandLine['run']
let json: CommandLine['json']
/** Nobody answers here, until a test lets someone. */
let hub = 'http://127.0.0.1:9'
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-evaluate-'))
  command = commandLine(() => ({ ISOFLOP_HOME: home, HF_ENDPOINT: hub }))
  ;({ run: isoflop, json } = command)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

it('evaluates as the harness does, writes the items, and goes on where it was interrupted', async () => {
  const wanted = cases.find(({ task, sampler }) => task === 'piqa' && sampler === 'default')!
  const samples = join(home, 'items.jsonl')
  const args = [
    'evaluate',
    '--checkpoint',
    `${fixtures}/model`,
    '--task',
    'piqa',
    '--data',
    `${fixtures}/piqa.jsonl`,
    '--shots',
    '5',
    '--shots-from',
    `${fixtures}/piqa_shots.jsonl`,
    '--shots-sampler',
    'harness',
    '--samples',
    samples,
  ]
  const answer = await json(...args)
  expect(answer.n).toBe(24)
  expect(answer.seconds).toBeGreaterThan(0)
  for (const key of ['acc,none', 'acc_stderr,none', 'acc_norm,none', 'acc_norm_stderr,none'])
    expect(answer.results.piqa[key]).toBeCloseTo(wanted.results[key], 4)
  const lines = readFileSync(samples, 'utf8').trim().split('\n')
  expect(lines.length).toBe(24)
  expect(JSON.parse(lines[3])).toMatchObject({
    task: 'piqa',
    index: 3,
    logLikelihoods: [expect.any(Number), expect.any(Number)],
  })

  writeFileSync(samples, `${lines.slice(0, 20).join('\n')}\n`)
  const again = await json(...args, '--resume')
  expect(again.results).toEqual(answer.results)
  expect(readFileSync(samples, 'utf8').trim().split('\n').length).toBe(24)
  const other = await isoflop(...args.map((arg) => (arg === '5' ? '4' : arg)), '--resume')
  expect(other.status).toBe(1)
  expect(other.stderr).toContain('comes from another evaluation')
})

it('keeps what it has when it is interrupted', async () => {
  const samples = join(home, 'interrupted.jsonl')
  const data = join(home, 'many.jsonl')
  writeFileSync(data, readFileSync(`${fixtures}/hellaswag.jsonl`, 'utf8').repeat(200))
  const child = command.start(
    ...['evaluate', '--checkpoint', `${fixtures}/model`, '--task', 'hellaswag', '--data', data, '--samples', samples],
  )
  let said = ''
  const status = await new Promise((resolve) => {
    child.stderr!.on('data', (text) => {
      said += text
      if (/hellaswag: \d\d/.test(said) && !child.killed) child.kill('SIGINT')
    })
    child.on('exit', resolve)
  })
  expect(status).toBe(130)
  const kept = readFileSync(samples, 'utf8').trim().split('\n').length
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(24 * 200)
})

it('says which file, line and field cannot be used', async () => {
  const data = join(home, 'bad.jsonl')
  writeFileSync(data, '{"goal":"g","sol1":"a","sol2":"b","label":0}\n{"goal":"g","sol1":"a","label":0}\n')
  const { status, stdout, stderr } = await isoflop(
    'evaluate',
    '--checkpoint',
    `${fixtures}/model`,
    '--task',
    'piqa',
    '--data',
    data,
    '--json',
  )
  expect(status).toBe(1)
  expect(JSON.parse(stdout).error.message).toContain(`${data}, line 2: the field sol2 is missing`)
  expect(stderr).toContain('sol2')
  const alone = await isoflop('evaluate', '--checkpoint', `${fixtures}/model`, '--task', 'piqa')
  expect(alone.stderr).toContain(
    'cannot be reached, so baber/piqa was not fetched; check the network, or use a local file',
  )
  expect((await isoflop('evaluate', '--checkpoint', `${fixtures}/model`, '--task', 'text')).stderr).toContain(
    'text needs a file',
  )
})

it('fetches the official rows once, and needs nobody afterwards', async () => {
  const parquet = (name: string) => new Uint8Array(readFileSync(`${fixtures}/${name}.parquet`))
  const small = await smallHub({
    'datasets/allenai/winogrande': {
      revision: 'refs/convert/parquet',
      files: {
        'winogrande_xl/validation/0000.parquet': { content: parquet('winogrande'), isLarge: true },
        'winogrande_xl/train/0000.parquet': { content: parquet('winogrande_shots'), isLarge: true },
      },
    },
  })
  const unreachable = hub
  const args = ['evaluate', '--checkpoint', `${fixtures}/model`, '--task', 'winogrande', '--shots', '2']
  hub = small.endpoint
  const fetched = await json(...args)
  await small.close()
  hub = unreachable
  expect((await json(...args)).results).toEqual(fetched.results)
  const local = await json(
    ...args,
    '--data',
    `${fixtures}/winogrande.jsonl`,
    '--shots-from',
    `${fixtures}/winogrande_shots.jsonl`,
  )
  expect(local.results).toEqual(fetched.results)
})

it('finds items and examples of several tasks in a folder, and says what each took', async () => {
  const together = await json(
    'evaluate',
    '--checkpoint',
    `${fixtures}/model`,
    '--task',
    'piqa,arc_easy',
    '--data',
    fixtures,
    '--shots',
    '2',
    '--shots-from',
    fixtures,
    '--limit',
    '5',
  )
  const alone = await json(
    'evaluate',
    '--checkpoint',
    `${fixtures}/model`,
    '--task',
    'piqa',
    '--data',
    fixtures,
    '--shots',
    '2',
    '--shots-from',
    `${fixtures}/piqa_shots.jsonl`,
    '--limit',
    '5',
  )
  expect(together.n).toBe(10)
  expect(together.results.piqa).toEqual(alone.results.piqa)
  expect(Object.keys(together.secondsByTask)).toEqual(['piqa', 'arc_easy'])
  expect(together.secondsByTask.piqa + together.secondsByTask.arc_easy).toBeLessThanOrEqual(together.seconds)
})

it('evaluates the last checkpoint of a run', async () => {
  const corpus = join(home, 'words.txt')
  writeFileSync(
    corpus,
    Array.from({ length: 300 }, (_, i) => `The red fox number ${i} met a blue bear near the old stone road.`).join(
      '\n\n',
    ),
  )
  const tiny = [
    '--tokenizer',
    'bytes',
    '--context',
    '32',
    '--largest',
    '20k',
    '--tokens-per-parameter',
    '0.1',
    '--batch-tokens',
    '64',
    '--engine',
    'reference',
  ]
  const { members } = await json('plan', ...tiny.slice(0, -2))
  await json('train', '--name', 'Words', '--corpus', corpus, '--member', members[0].name, ...tiny)
  const ran = await json('evaluate', '--run', 'last', '--task', 'copy', '--limit', '10', '--engine', 'reference')
  expect(ran).toMatchObject({ n: 10, checkpoint: 'last' })
  await json('export', 'last', '--to', join(home, 'exports', 'words-export'))
  const exported = await json(
    'evaluate',
    '--checkpoint',
    join(home, 'exports', 'words-export'),
    '--task',
    'copy',
    '--limit',
    '10',
    '--engine',
    'reference',
  )
  expect(exported.results).toEqual(ran.results)
  expect((await isoflop('evaluate', '--run', 'nobody', '--task', 'copy')).stderr).toContain('nobody')
})

it('needs no file for synthetic tasks', async () => {
  const { results, n } = await json(
    'evaluate',
    '--checkpoint',
    'test/fixtures/evaluation/model',
    '--task',
    'copy,brackets,cloze',
    '--limit',
    '10',
    '--shots',
    '1',
  )
  expect(n).toBe(30)
  expect(Object.keys(results)).toEqual(['copy', 'brackets', 'cloze'])
})

it('imports, inspects and lets write', async () => {
  const kept = await json('import', `${fixtures}/model`)
  expect(kept).toMatchObject({
    name: 'model',
    state: 'finished',
    dtypes: ['BF16'],
    tokenizer: { kind: 'gpt2' },
    folder: join(home, 'models', kept.id),
  })
  expect(existsSync(join(kept.folder, 'tokenizer.json'))).toBe(true)
  expect((await isoflop('import', `${fixtures}/model`)).stdout).toContain('in the lab already')
  expect((await json('models')).models).toHaveLength(1)
  const changing = join(home, 'changing')
  cpSync(`${fixtures}/model`, changing, { recursive: true })
  const first = await json('import', changing)
  writeFileSync(join(changing, 'model.safetensors'), readFileSync(join(changing, 'model.safetensors')).fill(60, 4e5))
  const second = await json('import', changing) // other weights under the same name are another model
  expect(second.id).not.toBe(first.id)
  expect((await json('import', changing)).id).toBe(second.id)
  expect((await isoflop('models', 'delete', 'changing', '--yes')).stderr).toContain('2 of the models')
  const aside = await json('import', `${fixtures}/model`, '--to', join(home, 'exports', 'aside'))
  expect(aside).toMatchObject({
    dtypes: ['BF16'],
    written: { folder: join(home, 'exports', 'aside'), largestDifference: 0 },
  })
  expect((await isoflop('import', `${fixtures}/model`, '--to', join(home, 'exports', 'aside'))).stderr).toContain(
    'is not empty',
  )
  expect(await json('import', `${fixtures}/model`, '--dry-run')).toMatchObject({ dtypes: ['BF16'], written: null })
  const inspected = await json('inspect', join(home, 'exports/aside/model.safetensors'))
  expect(inspected.elements).toBe(kept.parameters)
  expect(inspected.tensors[0]).toEqual({
    name: 'transformer.wte.weight',
    dtype: 'F32',
    shape: [50257, 8],
    elements: 402056,
  })
  expect((await json('inspect', 'test/fixtures/torch/bin/pytorch_model.bin')).format).toBe('pytorch')
  const written = await json(
    'generate',
    '--checkpoint',
    join(home, 'exports', 'aside'),
    '--prompt',
    'The',
    '--tokens',
    '5',
    '--temperature',
    '0',
  )
  expect(await json('generate', 'model', '--prompt', 'The', '--tokens', '5', '--temperature', '0')).toMatchObject({
    modelId: kept.id,
    text: written.text,
  })
  expect(
    await json('export', 'model', '--to', join(home, 'exports', 'gguf'), '--format', 'gguf', '--dtype', 'f16'),
  ).toMatchObject({ modelId: kept.id, files: [{ name: 'model-f16.gguf' }] })
  expect(written.tokens).toBeGreaterThan(0)
  expect((await isoflop('generate', '--prompt', 'The')).status).toBe(2)
})
