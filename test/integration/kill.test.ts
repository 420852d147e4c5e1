// A run killed at any instant goes on to the very same bits: `kill -9` of the trainer, of its host, or of both, at
// random moments.
import { createHash } from 'node:crypto'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../support/seed.ts'
import type { RunSummary } from '#shared/run.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase } from '#main/platform/disk/database.ts'
import { ensureBuilt } from '../support/build.ts'
import { smallText } from '../support/small-text.ts'

const wantedKills = 22
const victims = ['trainer', 'host', 'both'] as const

let cli: string
let folder: string
const children = new Set<ChildProcess>()

beforeAll(() => {
  cli = ensureBuilt().cli
  folder = mkdtempSync(join(tmpdir(), 'isoflop-kill-'))
  writeFileSync(join(folder, 'text.txt'), smallText(400_000))
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const training = [
  'train',
  '--name',
  'Kill',
  '--tokenizer',
  'bytes',
  '--context',
  '32',
  '--batch-tokens',
  '256',
  '--tokens-per-parameter',
  '10',
  '--largest',
  '30k',
  '--engine',
  'native',
  '--threads',
  '1',
  '--json',
]

const homeOf = (name: string) => join(folder, name)
const isolated = (home: string) => ({ ...process.env, ISOFLOP_HOME: home })

function begin(
  home: string,
  args: string[],
): { child: ChildProcess; ended: Promise<number | null>; words: () => string } {
  const child = spawn(process.execPath, [cli, ...args], { env: isolated(home), stdio: ['ignore', 'ignore', 'pipe'] })
  children.add(child)
  let words = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)))
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      children.delete(child)
      resolve(code)
    }),
  )
  return { child, ended, words: () => words }
}

/** All that the store says of its one run. */
function stored(home: string) {
  const db = openDatabase(join(home, 'isoflop.db'), labSchema)
  try {
    const run = db.get<{ id: string; summary: string }>('SELECT id, summary FROM runs')
    return {
      id: run?.id ?? null,
      summary: run ? (JSON.parse(run.summary) as RunSummary) : null,
      steps: db.all<{ step: number; tokens: number; loss: number; gradientNorm: number; learningRate: number }>(
        'SELECT step, tokens, loss, gradientNorm, learningRate FROM steps ORDER BY step',
      ),
      validations: db.all<{ step: number; loss: number }>('SELECT step, loss FROM validations ORDER BY step'),
      samples: db.all<{ step: number; text: string }>('SELECT step, text FROM samples ORDER BY step'),
    }
  } finally {
    db.close()
  }
}

/** SHA-256 of each file with numbers in the last checkpoint. */
function finalWeights(home: string): Record<string, string> {
  const { id, steps } = stored(home)
  const checkpoint = join(home, 'runs', id!, 'checkpoints', `step-${String(steps.length).padStart(6, '0')}`)
  const names = readdirSync(checkpoint).filter((name) => name.endsWith('.safetensors'))
  expect(names.length).toBe(3)
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(checkpoint, name)))
        .digest('hex'),
    ]),
  )
}

/** The pid of the process that trains, which it writes beside its lock. */
function trainerPid(home: string): number | null {
  const runs = join(home, 'runs')
  if (!existsSync(runs)) return null
  for (const run of readdirSync(runs)) {
    const path = join(runs, run, 'trainer.lock.pid')
    const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
    if (pid > 0) return pid
  }
  return null
}

/** Resolves when a trainer holds the run and has recorded `step`, or after a while. */
async function reached(home: string, step: number, trainer: () => number | null): Promise<void> {
  const untilMs = Date.now() + 30_000
  while (Date.now() < untilMs) {
    if (trainer() && recordedStep(home) >= step) return
    await sleep(10)
  }
}

/** Read beside the host, which SQLite allows. */
function recordedStep(home: string): number {
  const db = new Libsql(join(home, 'isoflop.db'), { timeout: 1000 })
  try {
    return (db.prepare('SELECT max(step) AS last FROM steps').all() as { last: number | null }[])[0].last ?? 0
  } catch {
    return 0 // not made yet
  } finally {
    db.close()
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function kill(pid: number | null | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}

describe('a run killed at any instant', () => {
  it(
    `is the same run to the last bit after ${wantedKills} kills of trainer, host and both`,
    { timeout: 280_000 },
    async () => {
      const undisturbed = homeOf('undisturbed')
      const whole = spawnSync(process.execPath, [cli, ...training, '--corpus', join(folder, 'text.txt')], {
        env: isolated(undisturbed),
        encoding: 'utf8',
      })
      expect(whole.status, whole.stderr).toBe(0)
      const expected = stored(undisturbed)
      expect(expected.steps.map(({ step }) => step)).toEqual(
        Array.from({ length: expected.summary!.steps }, (_, i) => i + 1),
      )

      const home = homeOf('disturbed')
      const random = seededRandom()
      const kills: Record<string, number> = { trainer: 0, host: 0, both: 0 }
      const killedAt: number[] = []
      let damagedSaid: string | null = null
      for (let attempt = 0; ; attempt++) {
        const earlier = trainerPid(home)
        /**
         * This session's own: an earlier one, killed, may still be named beside the lock, or even be finishing its
         * step.
         */
        const newTrainer = () => (trainerPid(home) === earlier ? null : trainerPid(home))
        const { child, ended, words } = begin(
          home,
          attempt === 0 || !stored(home).id
            ? [...training, '--corpus', join(folder, 'text.txt')]
            : ['resume', '--json'],
        )
        // Wherever it is: opening the store, starting the worker, training, validating, saving. Paced, so that it is
        // not done too soon.
        const pace = (expected.steps.length * (kills.trainer + kills.host + kills.both + 1)) / (wantedKills + 2)
        const target = Math.min(pace, (killedAt[killedAt.length - 1] ?? 0) + random.next() * 100)
        const moment =
          random.next() < 0.25
            ? sleep(100 + random.next() * 800)
            : reached(home, target, newTrainer).then(() => sleep(random.next() * 60))
        const isOver = await Promise.race([ended.then(() => true), moment.then(() => false)])
        if (isOver && stored(home).summary?.state === 'finished') break
        const count = kills.trainer + kills.host + kills.both
        if (!isOver && count < wantedKills) {
          const trainer = newTrainer()
          const victim = trainer ? victims[attempt % victims.length] : 'host' // killed before it had a trainer
          if (victim !== 'host') kill(trainer)
          if (victim !== 'trainer') kill(child.pid)
          kills[victim]++
        }
        await ended
        if (existsSync(join(home, 'isoflop.db'))) {
          const { steps, summary, id } = stored(home)
          killedAt.push(steps.length)
          // At every moment: from the first on, none missing, none twice.
          expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1))
          expect(steps).toEqual(expected.steps.slice(0, steps.length))
          if (summary?.state === 'finished') break
          expect(summary?.state, words()).not.toBe('failed')
          damagedSaid ??= damageNewest(home, id)
        }
        expect(attempt, `${JSON.stringify(kills)} ${killedAt.join(' ')}`).toBeLessThan(wantedKills * 6)
      }

      const found = stored(home)
      expect(found.steps).toEqual(expected.steps) // the numbers themselves: toEqual on doubles is bit for bit, -0 apart
      expect(found.validations).toEqual(expected.validations)
      expect(found.samples).toEqual(expected.samples)
      expect(finalWeights(home)).toEqual(finalWeights(undisturbed))
      expect(new Set(killedAt).size, `killed at ${killedAt.join(' ')}`).toBeGreaterThan(8)
      expect(damagedSaid, 'a checkpoint was damaged on the way').not.toBeNull()
      expect(Math.min(kills.trainer, kills.host, kills.both), JSON.stringify(kills)).toBeGreaterThan(2)
      expect(
        kills.trainer + kills.host + kills.both,
        `${JSON.stringify(kills)} ${killedAt.join(' ')}`,
      ).toBeGreaterThanOrEqual(wantedKills)
    },
  )
})

/** Once two checkpoints lie there, cuts the newest short: the run must go on from the one before. */
function damageNewest(home: string, runId: string | null): string | null {
  if (!runId) return null
  const folder = join(home, 'runs', runId, 'checkpoints')
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^step-\d+$/.test(name))
        .sort()
    : []
  if (names.length < 2) return null
  const newest = join(folder, names[names.length - 1])
  truncateSync(join(newest, 'first-moments.safetensors'), 1000)
  return newest
}
