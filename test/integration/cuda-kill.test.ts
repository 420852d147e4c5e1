// A run on the engine `cuda`, by an emulated card, killed as any other: it goes on to the same bits, or on the CPU.
import { createHash } from 'node:crypto'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { isAlive } from '#main/platform/disk/alive.ts'
import { ensureBuilt } from '../support/build.ts'
import { buildEmulator, canEmulate } from '../support/cuda/build.ts'
import { seededRandom } from '../support/seed.ts'
import { smallText } from '../support/small-text.ts'

let cli: string
let folder: string
let card: string
beforeAll(() => {
  cli = ensureBuilt().cli
  folder = mkdtempSync(join(tmpdir(), 'isoflop-cuda-kill-'))
  writeFileSync(join(folder, 'text.txt'), smallText(2_500))
  if (canEmulate) card = buildEmulator()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const training = [
  ...['train', '--corpus', 'text.txt', '--tokenizer', 'bytes', '--engine', 'cuda', '--shape', '1,16,2'],
  ...['--context', '16', '--batch-tokens', '32', '--tokens-per-parameter', '0.2'],
]
const runsOf = (home: string): string => join(folder, home, 'runs')

function begin(home: string, args: string[]) {
  const command = [cli, ...args, '--json', '--data', join(folder, home)]
  let child: ReturnType<typeof execFile>
  const ended = new Promise<{ status: number; runs: RunSummary[] }>((resolve) => {
    child = execFile(
      process.execPath,
      command,
      { cwd: folder, env: { ...process.env, ISOFLOP_LIBCUDA: card } },
      (error, stdout) =>
        resolve({
          status: error ? 1 : 0,
          runs: stdout ? ((JSON.parse(stdout) as { runs?: RunSummary[] }).runs ?? []) : [],
        }),
    )
  })
  return { pid: child!.pid!, ended }
}

/** The pid of the process that trains, which it writes beside its lock; null before it has it. */
function trainer(home: string): number | null {
  const [run] = existsSync(runsOf(home)) ? readdirSync(runsOf(home)) : []
  const path = run && join(runsOf(home), run, 'trainer.lock.pid')
  const pid = path && existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  return pid > 0 && isAlive(pid) ? pid : null
}

/** SHA-256 of every file of numbers in the last checkpoint. */
function lastWeights(home: string): string[] {
  const [run] = readdirSync(runsOf(home))
  const checkpoints = join(runsOf(home), run, 'checkpoints')
  const last = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!)
  return readdirSync(last)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(last, name)))
          .digest('hex')}`,
    )
}

/** Kills the trainer, its host or both, so long after the trainer has begun. */
async function cut(home: string, args: string[], victim: 'trainer' | 'host' | 'both', afterMs: number): Promise<void> {
  const { pid, ended } = begin(home, args)
  const until = Date.now() + 60_000
  while (trainer(home) === null && Date.now() < until) await sleep(20)
  await sleep(afterMs)
  const working = trainer(home)
  if (victim !== 'host' && working !== null) spawnSync('kill', ['-9', String(working)])
  if (victim !== 'trainer') spawnSync('kill', ['-9', String(pid)])
  await ended
}

describe.skipIf(!canEmulate)('a run on the engine cuda', () => {
  it('that was killed goes on to the same bits', async () => {
    const whole = await begin('whole', training).ended
    expect(whole.runs[0]).toMatchObject({ state: 'finished', engine: 'cuda', step: 48 })
    const random = seededRandom()
    await cut('cut', training, 'both', 3000 * random.next())
    for (const victim of ['trainer', 'host'] as const) await cut('cut', ['resume'], victim, 3000 * random.next())
    const { status, runs } = await begin('cut', ['resume']).ended
    const finished = status === 0 && runs.length > 0 ? runs : (await begin('cut', ['runs']).ended).runs
    const { loss, validationLoss } = whole.runs[0]
    expect(finished[0]).toMatchObject({ state: 'finished', engine: 'cuda', step: 48, loss, validationLoss })
    expect(lastWeights('cut')).toEqual(lastWeights('whole'))
  })

  it('whose card is lost goes on where it was, on the CPU', async () => {
    await cut('lost', training, 'both', 1500)
    const { runs } = await begin('lost', ['resume', 'last', '--engine', 'native']).ended
    const { loss } = (await begin('whole', ['runs']).ended).runs[0]
    expect(runs[0]).toMatchObject({ state: 'finished', engine: 'native', step: 48 })
    expect(Math.abs(runs[0].loss! - loss!)).toBeLessThan(1e-4)
  })
})
