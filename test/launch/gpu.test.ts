// The graphics engine where people use it: in the worker of a real Electron, on whatever card there is. Trained,
// killed, gone on, evaluated, exported.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { missingGpu } from '../main/core/engine/gpu/missing.ts'
import { ensureBuilt } from '../support/build.ts'
import { killElectron, launchElectron, type LaunchedApp } from '../support/electron.ts'
import { ask } from '../support/lab-page.ts'

describe.skipIf(missingGpu !== null).sequential('the graphics engine in Electron', () => {
  const built = ensureBuilt()
  let home: string
  let lab: LaunchedApp
  let studyId: string

  const start = async (): Promise<RunSummary> => {
    const study = await ask(lab.page, 'createStudy', 'On the card')
    studyId = study.id
    const [member] = study.ladder.members
    await ask(lab.page, 'updateStudy', study.id, {
      tokenizer: { kind: 'bytes' },
      recipe: { ...study.recipe, context: 32, batchTokens: 128 },
      ladder: { ...study.ladder, members: [{ ...member, layers: 1, width: 16, heads: 2, tokensPerParameter: 0.8 }] },
    })
    return (await ask(lab.page, 'startRuns', study.id, [member.id]))[0]
  }
  const read = async (id: string) => (await ask(lab.page, 'listRuns', null)).find((run) => run.id === id)!
  const losses = async (id: string) => (await ask(lab.page, 'readRecords', id, 0)).steps.map(({ loss }) => loss)
  // a card made of software scores the whole validation split in a minute, and on a busy machine in several
  const ended = (id: string) =>
    expect.poll(async () => (await read(id)).state, { timeout: 280_000, interval: 500 }).toBe('finished')

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'isoflop-card-'))
    lab = await launchElectron(built, home)
    await ask(lab.page, 'updateSettings', { engine: 'gpu' })
  }, 120_000)
  afterAll(async () => {
    await lab.app.close()
    rmSync(home, { recursive: true, force: true })
  })

  let whole: RunSummary
  it('trains', async () => {
    whole = await start()
    await ended(whole.id)
    expect(await read(whole.id)).toMatchObject({ engine: 'gpu', state: 'finished' })
    const seen = await losses(whole.id)
    expect(seen.at(-1)).toBeLessThan(seen[0])
  }, 400_000)

  it('goes on after a kill, to the same bits', async () => {
    const { id } = await start()
    await expect.poll(async () => (await read(id)).step, { timeout: 60_000, interval: 50 }).toBeGreaterThan(3)
    await killElectron(lab)
    lab = await launchElectron(built, home)
    await ask(lab.page, 'resumeRun', id)
    await ended(id)
    expect(await losses(id)).toEqual(await losses(whole.id))
  }, 400_000)

  it('evaluates, and exports', async () => {
    const subject = { kind: 'run', runId: whole.id, step: null } as const
    const options = { shots: 0, sampler: 'first', limit: 20, split: 'validation' } as const
    const [{ id }] = await ask(lab.page, 'startEvaluations', studyId, [subject], ['cloze'], options)
    const evaluation = async () => (await ask(lab.page, 'listEvaluations', studyId)).find((one) => one.id === id)!
    await expect.poll(async () => (await evaluation()).state, { timeout: 120_000 }).toBe('finished')
    const folder = join(home, 'exports', 'card')
    await ask(lab.page, 'export', subject, folder, false)
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(true)
  }, 400_000)
})
