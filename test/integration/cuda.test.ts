// Training by the engine `cuda` through the command line, on an emulated card, in either precision; and what an engine
// says that cannot.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { ensureBuilt } from '../support/build.ts'
import { buildEmulator, canEmulate } from '../support/cuda/build.ts'
import { smallText } from '../support/small-text.ts'

let cli: string
let home: string
let card: string
beforeAll(() => {
  cli = ensureBuilt().cli
  home = mkdtempSync(join(tmpdir(), 'isoflop-cuda-'))
  writeFileSync(join(home, 'text.txt'), smallText(2_500))
  if (canEmulate) card = buildEmulator()
  isoflop('corpus', 'add', 'text.txt', '--name', 'text')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const isoflop = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, ...args, '--json', '--data', join(home, 'lab')],
    { encoding: 'utf8', cwd: home, env: { ...process.env, ISOFLOP_LIBCUDA: card } },
  )
  return { status, document: JSON.parse(stdout) as { runs: RunSummary[]; error?: { message: string } }, stderr }
}
const train = (engine: string, precision: string) =>
  isoflop(
    ...['train', '--corpus', 'text', '--tokenizer', 'bytes', '--engine', engine, '--precision', precision],
    ...['--shape', '1,16,2', '--context', '16', '--batch-tokens', '32', '--tokens-per-parameter', '0.02'],
  )

describe.skipIf(!canEmulate)('the engine cuda', () => {
  it.each(['fp32', 'bf16'])(
    'trains in %s',
    (precision) => {
      const { status, document, stderr } = train('cuda', precision)
      expect(status, stderr).toBe(0)
      const [{ state, engine, device, precision: said }] = document.runs
      expect({ state, engine }).toEqual({ state: 'finished', engine: 'cuda' })
      expect(device).toContain(precision)
      expect(said).toBe(precision === 'bf16' ? 'bf16' : undefined)
    },
    200_000,
  )
})

it('the engine native trains in bf16 on any processor', () => {
  const { status, document, stderr } = train('native', 'bf16')
  expect(status, stderr).toBe(0)
  const [{ state, engine, device, precision }] = document.runs
  expect({ state, engine, precision }).toEqual({ state: 'finished', engine: 'native', precision: 'bf16' })
  expect(device).toMatch(/, bf16( emulated)?$/)
})

it('an engine that trains in fp32 alone says so before anything trains', () => {
  const { status, document } = train('reference', 'bf16')
  expect(status).toBe(1)
  expect(document.error?.message).toMatch(/engine reference computes in fp32 alone.*native, cuda/)
})
