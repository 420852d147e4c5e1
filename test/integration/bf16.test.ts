// Precision bf16 of the native engine through the command line: killed, moved to another processor, emulated as a
// cluster, evaluated and asked to write.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { commandLine, type CommandLine } from '../support/command-line.ts'
import { killable } from '../support/killed-run.ts'
import { seededRandom } from '../support/seed.ts'
import { smallText } from '../support/small-text.ts'

/** How far the validation losses of runs may be apart whose sums are rounded in another order. */
const apart = 0.02
let folder: string
let labs: ReturnType<typeof killable>
let command: CommandLine
let whole: RunSummary
const training = [
  ...['train', '--corpus', 'text.txt', '--tokenizer', 'bytes', '--engine', 'native', '--threads', '2'],
  ...['--precision', 'bf16', '--shape', '1,32,2', '--context', '32', '--batch-tokens', '128'],
  ...['--tokens-per-parameter', '4'],
]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-bf16-'))
  writeFileSync(join(folder, 'text.txt'), smallText(40_000))
  command = commandLine(() => ({ ISOFLOP_HOME: join(folder, 'whole') }))
  labs = killable(command.cli, folder, () => ({}))
  whole = await labs.finished('whole', training)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('trains to the same bits once more', async () => {
  expect(whole).toMatchObject({ state: 'finished', precision: 'bf16' })
  expect(whole.device).toMatch(/, 2 threads, bf16( emulated)?$/)
  await labs.finished('again', training)
  expect(labs.lastWeights('again')).toEqual(labs.lastWeights('whole'))
})

it('a run that was killed goes on to the same bits', async () => {
  const random = seededRandom()
  await labs.cut('cut', training, 'both', 1000 * random.next())
  for (const victim of ['trainer', 'host'] as const) await labs.cut('cut', ['resume'], victim, 1000 * random.next())
  const { step, loss, validationLoss } = whole
  expect(await labs.finished('cut', ['resume'])).toMatchObject({ state: 'finished', step, loss, validationLoss })
  expect(labs.lastWeights('cut')).toEqual(labs.lastWeights('whole'))
})

it('a run that was cut off goes on by another instruction set to the same loss', async () => {
  await labs.cut('moved', training, 'both', 300)
  const moved = await labs.finished('moved', ['resume'], { ISOFLOP_ISA: 'portable' })
  expect(moved).toMatchObject({ state: 'finished', step: whole.step })
  expect(moved.device).toMatch(/portable.*bf16 emulated$/)
  expect(Math.abs(moved.validationLoss! / whole.validationLoss! - 1)).toBeLessThan(apart)
})

it('one emulated system trains to the same bits, two to the same loss', async () => {
  for (const systems of ['1', '2']) {
    const run = await labs.finished(`systems-${systems}`, [...training, '--systems', systems])
    expect(run).toMatchObject({ state: 'finished', precision: 'bf16' })
    if (systems === '1') expect(run.loss).toBe(whole.loss)
    expect(Math.abs(run.validationLoss! / whole.validationLoss! - 1)).toBeLessThan(apart)
  }
})

it('evaluates in fp32 unless bf16 is asked for, and is near it then', async () => {
  const fixtures = resolve('test/fixtures/evaluation')
  const likelihoods = async (...more: string[]): Promise<number[]> => {
    const samples = join(folder, 'items.jsonl')
    rmSync(samples, { force: true })
    const task = ['--task', 'piqa', '--data', join(fixtures, 'piqa.jsonl'), '--limit', '6']
    const made = ['--engine', 'native', '--samples', samples, ...more]
    await command.json('evaluate', '--checkpoint', join(fixtures, 'model'), ...task, ...made)
    const lines = readFileSync(samples, 'utf8').trim().split('\n')
    return lines.flatMap((line) => (JSON.parse(line) as { logLikelihoods: number[] }).logLikelihoods)
  }
  const [plain, full, half] = [
    await likelihoods(),
    await likelihoods('--precision', 'fp32'),
    await likelihoods('--precision', 'bf16'),
  ]
  expect(plain).toEqual(full)
  expect(half).not.toEqual(full)
  half.forEach((value, i) => expect(Math.abs(value / full[i] - 1)).toBeLessThan(0.02))
})

it('writes in either precision, the same text each time', async () => {
  const text = (precision: string) =>
    command.json('generate', 'last', '--prompt', 'the ', '--tokens', '20', '--precision', precision)
  const half = (await text('bf16')) as { text: string; tokens: number }
  expect(half.tokens).toBe(20)
  expect(((await text('bf16')) as { text: string }).text).toBe(half.text)
  expect(((await text('fp32')) as { tokens: number }).tokens).toBe(20)
})
