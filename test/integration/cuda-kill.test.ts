// A run on the engine `cuda`, by an emulated card, killed as any other: it goes on to the same bits, or on the CPU.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../support/build.ts'
import { buildEmulator, canEmulate } from '../support/cuda/build.ts'
import { killable } from '../support/killed-run.ts'
import { seededRandom } from '../support/seed.ts'
import { smallText } from '../support/small-text.ts'

let folder: string
let labs: ReturnType<typeof killable>
beforeAll(() => {
  const { cli } = ensureBuilt()
  folder = mkdtempSync(join(tmpdir(), 'isoflop-cuda-kill-'))
  writeFileSync(join(folder, 'text.txt'), smallText(2_500))
  if (!canEmulate) return
  const card = buildEmulator()
  labs = killable(cli, folder, () => ({ ISOFLOP_LIBCUDA: card }))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const training = [
  ...['train', '--corpus', 'text.txt', '--tokenizer', 'bytes', '--engine', 'cuda', '--shape', '1,16,2'],
  ...['--context', '16', '--batch-tokens', '32', '--tokens-per-parameter', '0.2'],
]

describe.skipIf(!canEmulate)('a run on the engine cuda', () => {
  it('that was killed goes on to the same bits', async () => {
    const whole = await labs.finished('whole', training)
    expect(whole).toMatchObject({ state: 'finished', engine: 'cuda', step: 48 })
    const random = seededRandom()
    await labs.cut('cut', training, 'both', 3000 * random.next())
    for (const victim of ['trainer', 'host'] as const) await labs.cut('cut', ['resume'], victim, 3000 * random.next())
    const { loss, validationLoss } = whole
    const found = await labs.finished('cut', ['resume'])
    expect(found).toMatchObject({ state: 'finished', engine: 'cuda', step: 48, loss, validationLoss })
    expect(labs.lastWeights('cut')).toEqual(labs.lastWeights('whole'))
  })

  it('whose card is lost goes on where it was, on the CPU', async () => {
    await labs.cut('lost', training, 'both', 1500)
    const run = await labs.finished('lost', ['resume', 'last', '--engine', 'native'])
    const { loss } = await labs.finished('whole', ['runs'])
    expect(run).toMatchObject({ state: 'finished', engine: 'native', step: 48 })
    expect(Math.abs(run.loss! - loss!)).toBeLessThan(1e-4)
  })
})
