// `isoflop job`: asked to stop by a signal it saves and says so with its exit status; killed at any instant, again and
// again, it goes on to the same bits.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunLine } from '#main/core/training/run-file.ts'
import { ensureBuilt } from '../support/build.ts'
import { makeRunFiles } from '../support/run-files.ts'
import { seededRandom } from '../support/seed.ts'

const wantedKills = 30
const shape = { steps: 1500, checkpointEverySteps: 50 }
let cli: string
let folder: string

beforeAll(async () => {
  cli = ensureBuilt().cli
  folder = mkdtempSync(join(tmpdir(), 'isoflop-job-'))
  await makeRunFiles(folder, ['whole', 'killed', 'asked'], shape)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `isoflop job` on a run; `moment` says when it gets the signal. */
async function job(run: string, signal?: NodeJS.Signals, moment?: () => Promise<unknown>) {
  const child = spawn(process.execPath, [cli, 'job', join(folder, run, 'run.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
  const ended = new Promise<{ code: number | null; by: string | null; words: string }>((resolve) =>
    child.on('close', (code, by) => resolve({ code, by, words })),
  )
  if (signal) void Promise.race([ended, moment?.()]).then(() => child.kill(signal))
  return ended
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const linesOf = (run: string): RunLine[] =>
  readFileSync(join(folder, run, 'records.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RunLine)
function losses(run: string): number[] {
  const found: number[] = []
  for (const line of linesOf(run)) {
    if (line.kind === 'started') {
      expect(line.step, 'it goes on from a step that is recorded').toBeLessThanOrEqual(found.length)
      found.length = line.step
    }
    if (line.kind === 'step') {
      expect(line.record.step, 'no step is missing').toBe(found.length + 1)
      found.push(line.record.loss)
    }
  }
  return found
}
const weights = (run: string) => {
  const checkpoint = join(folder, run, 'checkpoints', 'step-001500')
  return readdirSync(checkpoint)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => readFileSync(join(checkpoint, name)).toString('base64'))
}
/** Resolves once a session has trained some steps. */
const training = async (run: string): Promise<void> => {
  for (;;) {
    const kinds = await Promise.resolve()
      .then((): string[] => linesOf(run).map(({ kind }) => kind))
      .catch((): string[] => [])
    if (kinds.lastIndexOf('step') > kinds.lastIndexOf('started') && kinds.at(-1) !== 'ended') return
    await sleep(20)
  }
}

describe('isoflop job', () => {
  it('ends with 0 when it has finished', async () => {
    const { code, words } = await job('whole')
    expect(code, words).toBe(0)
    expect(words).toMatch(/^From step 0 on /)
    expect(losses('whole')).toHaveLength(1500)
  })
  it.each(['SIGUSR1', 'SIGTERM'] as const)('saves and ends with 75 when %s asks it to', async (signal) => {
    const before = await Promise.resolve()
      .then(() => losses('asked').length)
      .catch(() => 0)
    const { code, by, words } = await job('asked', signal, () => sleep(300).then(() => training('asked')))
    expect([code, by], words).toEqual([75, null])
    const last = linesOf('asked').at(-1)
    expect(last).toMatchObject({ kind: 'ended', isFinished: false })
    expect(losses('asked').length).toBeGreaterThan(before)
    // saved where it stood: nothing will be done twice
    expect(readdirSync(join(folder, 'asked', 'checkpoints'))).toContain(
      `step-${String(losses('asked').length).padStart(6, '0')}`,
    )
  })
  it(`is the same run after ${wantedKills} kills`, async () => {
    const random = seededRandom()
    let name = 'killed'
    const isAsWhole = () => {
      expect(losses(name)).toEqual(losses('whole'))
      expect(weights(name)).toEqual(weights('whole'))
    }
    for (let kills = 0; kills < wantedKills;) {
      const { by, code, words } = await job(name, 'SIGKILL', () => sleep(150 + random.next() * 400))
      if (by === 'SIGKILL') kills++
      else {
        // A fast machine comes to the end between two kills: it begins again.
        expect(code, words).toBe(0)
        isAsWhole()
        name = `killed after ${kills}`
        await makeRunFiles(folder, [name], shape)
      }
    }
    expect((await job(name)).code).toBe(0)
    isAsWhole()
  })
  it('says in one sentence what is no run', async () => {
    const child = spawn(process.execPath, [cli, 'job', join(folder, 'text.txt')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1)
    expect(words.trim().split('\n')).toHaveLength(1)
  })
})
