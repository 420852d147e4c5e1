// `isoflop compare` from two files to its answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareCommand } from '#main/doors/cli/compare.ts'
import type { Act, Answer } from '#main/doors/cli/program.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-compare-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(name: string, text: string): string {
  const path = join(folder, `${name}.csv`)
  writeFileSync(path, text)
  return path
}

/** Runs one command line and gives back its answer. */
async function compare(...options: string[]): Promise<{ document: any; text: string }> {
  let answer: Answer | null = null
  const act: Act =
    (work) =>
    async (...given) => {
      answer = await work({} as never, ...([(given.at(-1) as Command).opts(), ...given.slice(0, -2)] as never))
    }
  const program = new Command().exitOverride()
  compareCommand(program, act)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  await program.parseAsync(['compare', ...options], { from: 'user' })
  return answer!
}

/** Losses on 1.6 + (C / 1e12)^-0.15 with `times` the compute, off by a tenth of a percent up and down in turn. */
const rows = (times: number, sign: number): string =>
  [1e12, 2e12, 4e12, 8e12]
    .map((flops, i) => `${flops},${(1.6 + (flops / times / 1e12) ** -0.15) * (1 + sign * (i % 2 ? 1e-3 : -1e-3))}\n`)
    .join('')
const pair = () => [fileOf('A', `flops,loss\n${rows(1, 1)}`), fileOf('B', `flops,loss\n${rows(0.8, -1)}`)]
const columns = ['--x', 'flops', '--y', 'loss']
const pinned = ['--form', 'pinned', '--asymptote', '1.6', '--exponent', '0.15']

describe('isoflop compare', () => {
  it('answers with the multiplier, its interval and a verdict, and nothing else', async () => {
    const { document } = await compare('--points', ...pair(), ...columns, ...pinned)
    expect(Object.keys(document)).toEqual(['multiplier', 'verdict'])
    for (const one of document.multiplier) {
      expect(Object.keys(one)).toEqual(['flops', 'value', 'low', 'high'])
      expect(one.value).toBeCloseTo(0.8, 1)
      expect(one.low).toBeLessThan(0.8)
      expect(one.high).toBeGreaterThan(0.8)
    }
    expect(document.multiplier[0].flops).toBe(1e12)
    expect(document.verdict).toMatch(/B needs 0\.8\dx? .*the compute of A/)
  })

  it('takes files with semicolons, and columns that differ in capitals alone', async () => {
    const [a, b] = pair()
    const other = fileOf(
      'other',
      `Run;FLOPs;Loss\n${rows(0.8, -1).replace(/^/gm, 'x;').replaceAll(',', ';')}`.replace(/x;$/, ''),
    )
    const answers = [b, other].map((file) => compare('--points', a, file, ...columns, ...pinned))
    const [one, same] = await Promise.all(answers)
    expect(same.document.multiplier).toEqual(one.document.multiplier)
  })

  it('has no interval where none is wanted', async () => {
    const { document } = await compare('--points', ...pair(), ...columns, '--bootstrap', '0')
    expect(document.multiplier[0]).toMatchObject({ low: null, high: null })
  })

  it.each([
    ['flops,loss\n1e12,abc\n', /bad\.csv: Line 2: loss is "abc", not a number\.$/],
    ['flops,loss\n1e12\n', /Line 2 of .*bad\.csv has 1 cells/],
    ['flops,loss\n', /bad\.csv has column names and no rows/],
    ['flops,nats\n1e12,3\n', /bad\.csv: --y: there is no column loss; there are: flops, nats\.$/],
    ['flops,loss\n1e12,3\n2e12,2.9\n', /^bad: A law of this form has 3 parameters; 2 points so far/],
    ['flops,loss\n1e12,-3\n2e12,2.9\n4e12,2.8\n', /^bad: line 2 \(point 1\): its loss is -3/],
  ])('says in a sentence what is wrong with a file: %j', async (text, sentence) => {
    const [a] = pair()
    await expect(compare('--points', a, fileOf('bad', text), ...columns)).rejects.toThrow(sentence)
  })

  it.each([
    [['--form', 'pinned'], /needs the asymptote/],
    [['--asymptote', '1.6'], /goes with --form pinned/],
    [['--form', 'pinned', '--asymptote', '3'], /so its law cannot level off at 3/],
  ])('refuses %j', async (options, sentence) => {
    await expect(compare('--points', ...pair(), ...columns, ...options)).rejects.toThrow(sentence)
  })
})
