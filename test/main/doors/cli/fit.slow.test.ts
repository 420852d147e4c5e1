// `isoflop fit` and `isoflop forecast` from a file to their answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fitCommand } from '#main/doors/cli/fit.ts'
import { forecastCommand } from '#main/doors/cli/forecast.ts'
import type { Act, Answer } from '#main/doors/cli/program.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-fit-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The path of a file of this text. */
function fileOf(name: string, text: string): string {
  const path = join(folder, `${name}.csv`)
  writeFileSync(path, text)
  return path
}

/** Runs one command line and gives back its answer. */
async function run(line: string, options: string[] = []): Promise<any> {
  let answer: Answer | null = null
  const act: Act =
    (work) =>
    async (...given) => {
      answer = await work({} as never, ...([(given.at(-1) as Command).opts(), ...given.slice(0, -2)] as never))
    }
  const program = new Command().exitOverride()
  fitCommand(program, act)
  forecastCommand(program, act)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  await program.parseAsync([...line.split(' '), ...options], { from: 'user' })
  expect(() => JSON.parse(JSON.stringify(answer!.document))).not.toThrow()
  return answer!.document
}

const models = [
  '--points',
  'test/fixtures/scaling/published_model_points.csv',
  '--where',
  'family=Cerebras-GPT',
  '--x',
  'train_flops_published',
  '--y',
  'pile_test_loss_nats',
]
const chinchilla = [
  '--points',
  'test/fixtures/scaling/epoch_chinchilla_svg_extracted.csv',
  '--n',
  'Model Size',
  '--c',
  'Training FLOP',
  '--loss',
  'loss',
  '--drop-highest',
  '5',
]

describe('isoflop fit', () => {
  it('answers with the offset law and its bootstrap', async () => {
    const answer = await run('fit --form offset-power', models)
    expect(answer).toMatchObject({ form: 'offset-power', points: 7, status: 'converged' })
    expect(answer.parameters.exponent).toBeCloseTo(-0.073293, 5)
    expect(answer.parameters.offset).toBeCloseTo(0.501339, 5)
    expect(answer.residualStd).toBeCloseTo(0.0066, 4)
    expect(answer.bootstrap).toMatchObject({ resamples: 400, confidence: 0.95 })
    expect(answer.bootstrap.parameters.exponent.low).toBeLessThan(answer.parameters.exponent)
    expect((await run('fit --bootstrap 0', models)).bootstrap).toBeNull()
  })

  it('answers with a straight line and its errors', async () => {
    const answer = await run('fit --form power', models)
    expect(answer.parameters).toMatchObject({ offset: 0 })
    expect(answer.rSquared).toBeCloseTo(0.997987, 6)
    expect(answer.errors.slope).toBeGreaterThan(0)
  })

  it('answers with surfaces, tokens taken from compute', async () => {
    const huber = await run('fit --form surface-huber --bootstrap 20', chinchilla)
    expect(huber.points).toBe(240)
    expect(huber.objective).toBeCloseTo(0.001018274, 9)
    expect(huber.parameters.E).toBeCloseTo(1.81722, 4)
    expect(huber.intervals.alpha.high).toBeGreaterThan(huber.intervals.alpha.low)
    const plain = await run('fit --form surface --bootstrap 0', chinchilla)
    expect(Object.keys(plain.parameters)).toEqual(['E', 'A', 'B', 'alpha', 'beta'])
    expect(plain.intervals).toBeNull()
  })

  it('answers with IsoFLOP profiles', async () => {
    const path = join(folder, 'iso.csv')
    const rows = [1e18, 1e20].flatMap((c) =>
      [-1, 0, 1].map((k) => `${c},${(Math.sqrt(c) / 10) * 3 ** k},${3 + k * k * 0.1}`),
    )
    writeFileSync(path, `c,n,loss\n${rows.join('\n')}\n`)
    const answer = await run('fit --form isoflop --budget c --n n --loss loss', ['--points', path])
    expect(answer.size.slope).toBeCloseTo(0.5, 9)
    expect(answer.profiles).toHaveLength(2)
    expect(answer.warning).toMatch(/parabola/)
  })

  it('gathers budgets that differ by some per cent, and says so', async () => {
    const rows = [1e18, 1e20].flatMap((c) =>
      [-1, 0, 1].map((k) => `${c * (1 + 0.01 * k)},${(Math.sqrt(c) / 10) * 3 ** k},${3 + k * k * 0.1}`),
    )
    const answer = await run('fit --form isoflop --budget c --n n --loss loss', [
      '--points',
      fileOf('near', `c,n,loss\n${rows.join('\n')}\n`),
    ])
    expect(answer.profiles.map(({ points, rejection }: any) => [points, rejection])).toEqual([
      [3, null],
      [3, null],
    ])
    expect(answer.size.slope).toBeCloseTo(0.5, 3)
    expect(answer.remarks).toEqual(['Budgets within 5 % of each other count as one: 6 became 2.'])
  })

  const surfaceRows = (sizes: number[], lengths: number[]): string[] =>
    sizes.flatMap((n, i) =>
      lengths.map(
        (d, k) => `${n},${d},${(1.7 + 400 * n ** -0.34 + 400 * d ** -0.28) * (1 + 0.004 * ((3 * i + 5 * k) % 4))}`,
      ),
    )
  const fitRows = (form: string, rows: string[]) =>
    run(`fit --form ${form} --n n --d d --loss loss --bootstrap 60`, [
      '--points',
      fileOf('surface', `n,d,loss\n${rows.join('\n')}\n`),
    ])

  it.each(['surface', 'surface-huber'])('gives the same %s whatever the order of the rows', async (form) => {
    const rows = surfaceRows([1e6, 3e6, 1e7, 3e7], [1e8, 3e8, 1e9])
    expect(await fitRows(form, [...rows].reverse())).toEqual(await fitRows(form, rows))
  })

  it.each(['surface', 'surface-huber'])(
    'gives no intervals of a %s through too few points, and says why',
    async (form) => {
      const corner = surfaceRows([1e6, 1e7, 1e8], [1e8, 1e9, 1e10]).filter((_, i) => i !== 1 && i !== 5 && i !== 6)
      const few = await fitRows(form, corner)
      expect(few).toMatchObject({ points: 6, intervals: null, bootstrap: { resamples: 60 } })
      expect(few.bootstrap.undetermined).toBeGreaterThan(30)
      expect(few.remarks[0]).toMatch(/^No intervals: \d+ of 60 draws of these points determine no surface/)
      const grid = await fitRows(form, surfaceRows([1e6, 1e7, 1e8], [1e8, 1e9, 1e10]))
      expect(grid.remarks[0]).toMatch(/^\d+ of 60 draws .* The intervals are of the others\.$/)
      for (const { low, high } of Object.values<any>(grid.intervals)) expect(low).toBeLessThanOrEqual(high)
    },
  )

  it('refuses a surface through two sizes, which cannot tell its terms apart', async () => {
    const rows = surfaceRows([1e6, 1e7], [1e8, 3e8, 1e9])
    await expect(fitRows('surface-huber', rows)).rejects.toThrow(/only 2 different sizes: A \/ Nᵅ cannot be told/)
  })

  it('gives no interval for a scale without a bound, and says so', async () => {
    const losses = [3.1, 2.9, 3.05, 2.85, 3, 2.8]
    const answer = await run('fit --form power --x x --y y', [
      '--points',
      fileOf('flat', `x,y\n${losses.map((y, i) => `${10 ** (10 + i)},${y}`).join('\n')}\n`),
    ])
    expect(answer.bootstrap.parameters.exponent.low).toBeLessThan(answer.parameters.exponent)
    expect(answer.bootstrap.parameters.scale).toBeNull()
    expect(answer.remarks).toEqual(['No interval for scale: some refits of these points leave it without a bound.'])
  })

  it.each([
    ['--x nope --y pile_test_loss_nats', /--x: there is no column nope; there are: family, size/],
    ['--y pile_test_loss_nats', /Name a column with --x/],
    ['--x train_flops_published --y train_flops_published', /two different columns/],
    ['--x Train_FLOPs_published --y train_flops_published', /two different columns/],
    ['--x size --y pile_test_loss_nats', /Line 2: size is "111M", not a number/],
    ['--x train_flops_published --y pile_val_loss_wandb_secondary', /Line 2: pile_val_loss_wandb_secondary is empty/],
    [
      '--x train_flops_published --y pile_test_loss_nats --drop-highest 5',
      /A power law \+ constant has 3 parameters; 2 points so far/,
    ],
    [
      '--x train_flops_published --y pile_test_loss_nats --where family=GPT-9',
      /No row .* has family=Cerebras-GPT and family=GPT-9/,
    ],
  ])('refuses %s with a sentence', async (line, sentence) => {
    await expect(
      run(`fit --points test/fixtures/scaling/published_model_points.csv --where family=Cerebras-GPT ${line}`),
    ).rejects.toThrow(sentence)
  })

  it('refuses a column named twice and points that are nowhere', async () => {
    await expect(run('fit --form surface --n loss --d loss --loss loss', chinchilla.slice(0, 2))).rejects.toThrow(
      /named twice/,
    )
    await expect(run('fit --x a --y b')).rejects.toThrow(/Say where the points are/)
    await expect(run('fit --bootstrap 3', models)).rejects.toThrow(/fewer than 20 refits/)
  })
})

describe('isoflop forecast', () => {
  it('foretells a loss with an interval, and what the law would have made of its own largest model', async () => {
    const answer = await run('forecast --flops 1e23', models)
    expect(answer.loss).toBeCloseTo(1.4699, 3)
    expect(answer.interval.low).toBeLessThan(answer.loss)
    expect(answer.interval.high).toBeGreaterThan(answer.loss)
    expect(answer.heldOut).toMatchObject({ measured: 1.572 })
    expect(answer.heldOut.error).toBeCloseTo(0.0157, 4)
    expect(answer.allocation.tokens / answer.allocation.parameters).toBeCloseTo(20, 9)
  })

  it('splits a budget by a surface', async () => {
    const answer = await run('forecast --form surface-huber --flops 5.76e23 --bootstrap 20', chinchilla)
    expect((6 * answer.parameters * answer.tokens) / 5.76e23).toBeCloseTo(1, 9)
    expect(answer.tokensPerParameter).toBeGreaterThan(15)
    expect(answer.tokensPerParameter).toBeLessThan(25)
    expect(answer.intervals.parameters.low).toBeLessThan(answer.parameters)
  })

  it('needs a budget', async () => {
    await expect(run('forecast', models)).rejects.toThrow(/--flops/)
  })
})
