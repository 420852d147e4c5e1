// The command line that the page of a run shows trains the same run again: run here, and compared step by step.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { repeatArguments } from '#shared/repeat-run.ts'
import type { RunSummary } from '#shared/run.ts'
import { createRunStore } from '#main/lab/runs/run-store.ts'
import { openDatabaseToRead } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { ensureBuilt } from '../support/build.ts'
import { smallText } from '../support/small-text.ts'

let cli: string
let home: string
beforeAll(() => {
  cli = ensureBuilt().cli
  home = mkdtempSync(join(tmpdir(), 'isoflop-repeat-'))
  writeFileSync(join(home, 'text.txt'), smallText(20_000))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const isoflop = (args: readonly string[]): { runs: RunSummary[] } =>
  JSON.parse(
    execFileSync(process.execPath, [cli, ...args, '--json', '--data', join(home, 'lab')], {
      encoding: 'utf8',
      cwd: home,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { runs: RunSummary[] }

it('the same losses at every step, under the same setting', () => {
  isoflop(['corpus', 'add', 'text.txt', '--name', "A reader's text"])
  const recipe =
    '--context 16 --batch-tokens 64 --tokens-per-parameter 0.05 --parametrisation mup --mup-base-width 16 --mup-output-scale 2' +
    ' --decay wsd --weight-decay 0.05 --beta2 0.9 --peak-learning-rate 0.01 --clip-norm 0.7'
  const first = isoflop([
    ...['train', '--corpus', "A reader's text", '--tokenizer', 'bytes', '--engine', 'reference', '--seed', '3'],
    ...['--largest', '30k', '--member', '28.3k', ...recipe.split(' ')],
  ]).runs[0]
  const read = <T>(use: (store: ReturnType<typeof createRunStore>) => T): T => {
    const db = openDatabaseToRead(join(home, 'lab', 'isoflop.db'), labSchema)
    try {
      return use(createRunStore(db))
    } finally {
      db.close()
    }
  }
  const plan = read((store) => store.read(first.id).plan)
  const second = isoflop(repeatArguments(plan, "A reader's text")!).runs[0]
  expect(second.id).not.toBe(first.id)
  expect(second.setting).toBe(first.setting)
  const losses = (id: string) => read((store) => store.records(id, 0).steps.map(({ step, loss }) => [step, loss]))
  expect(losses(second.id)).toEqual(losses(first.id))
  expect(losses(first.id).length).toBe(first.steps)
  expect(second.validationLoss).toBe(first.validationLoss)
})
