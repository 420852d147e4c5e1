// Which engine trains in a fresh lab: a short training begins at once, and measuring waits until the machine is free.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { engineNames, type EngineName, type Machine } from '#shared/engine.ts'
import { defaultSettings } from '#shared/settings.ts'
import { createComputer, type Computer } from '#main/lab/computer/computer.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { forkInProcess } from '../../support/in-process-worker.ts'

let folder: string
let db: Database
let computer: Computer
let asked: string[]
let told: Machine[]
let loads: EngineName[]
let isTraining: boolean
/** What a probe waits for. */
let probing: Promise<void>
/** As a driver does that takes its process down. */
let crash: () => void
const speeds: Partial<Record<EngineName, number>> = { native: 100, cuda: 900 }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-computer-'))
  db = openDatabase(join(folder, 'isoflop.db'), labSchema)
  ;[asked, told, loads, isTraining, probing] = [[], [], ['native', 'wasm'], false, Promise.resolve()]
  const { fork, killNewest } = forkInProcess(async function* (message, signal) {
    yield* []
    const job = message as { kind: string; engine: EngineName }
    asked.push(`${job.kind} ${job.engine}`)
    if (job.kind === 'load') return loads.includes(job.engine)
    if (job.kind === 'measure') return [{ width: 64, flopsPerSecond: 1e9 }]
    await Promise.race([probing, new Promise<void>((end) => signal.addEventListener('abort', () => end()))])
    const tokensPerSecond = speeds[job.engine] ?? null
    return { name: job.engine, isAvailable: tokensPerSecond !== null, description: job.engine, tokensPerSecond }
  })
  crash = killNewest
  computer = createComputer({
    ...{ db, fork, nowMs: () => 7, settings: () => defaultSettings, isTraining: () => isTraining },
    news: { tell: (_kind, news) => void told.push(news as Machine) },
    facts: { cpu: 'A processor', cores: 2, memoryBytes: 1e9 },
  })
})
afterEach(async () => {
  await computer.close()
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

it('a short training begins on the first engine that loads, and asks no other', async () => {
  expect(await computer.engineFor(1e12)).toBe('native')
  expect(asked).toEqual(['load native'])
})

it('where the native one is not built it is the next, and at last the reference', async () => {
  loads = ['wasm']
  expect(await computer.engineFor(1e12)).toBe('wasm')
  await computer.close()
  expect(asked).toEqual(['load native', 'load wasm'])
})

it('an engine asked for by name is tried alone; one that does not load says why', async () => {
  expect(await computer.probe('native')).toMatchObject({ isAvailable: true })
  expect(asked).toEqual(['load native'])
  expect(await computer.probe('gpu')).toMatchObject({ isAvailable: false, description: 'gpu' })
  expect(asked.slice(1)).toEqual(['load gpu', 'probe gpu'])
})

it('one whose driver takes its process down says that it crashed, and is passed over', async () => {
  probing = new Promise(() => undefined)
  const answer = computer.probe('gpu')
  await vi.waitFor(() => expect(asked).toContain('probe gpu'))
  crash()
  const { isAvailable, description } = await answer
  expect(isAvailable).toBe(false)
  expect(description).toMatch(/^It crashed when it was tried \(.*\), so it is passed over/)
})

it('one that was here when all were measured is not tried again; one that was built since then is found', async () => {
  await computer.measure()
  asked.length = 0
  expect(await computer.probe('cuda')).toMatchObject({ isAvailable: true, description: 'cuda' })
  expect(asked).toEqual([])
  expect(await computer.probe('wasm')).toMatchObject({ isAvailable: true })
  expect(asked).toEqual(['load wasm'])
})

it('what does not train begins on the first that loads, and nothing is measured for it afterwards', async () => {
  expect(await computer.engineFor(0)).toBe('native')
  await new Promise((resolve) => setTimeout(resolve, 1800)) // a training would be followed by a measurement now
  expect(asked).toEqual(['load native'])
})

it('a long training waits for the fastest', async () => {
  expect(await computer.engineFor(1e17)).toBe('cuda')
  expect(asked.filter((one) => one.startsWith('probe'))).toHaveLength(engineNames.length)
})

it('a measurement that is under way stands aside, whoever asked is answered, and it is done when nothing trains', async () => {
  probing = new Promise(() => undefined)
  const reading = computer.read()
  await vi.waitFor(() => expect(asked).toEqual(['probe native']))
  const engine = computer.engineFor(1e12)
  isTraining = true
  expect(await engine).toBe('native')
  expect(await reading).toMatchObject({ engine: 'native', calibration: [], measuredMs: null })
  computer.trainingChanged()
  expect(await computer.read()).toMatchObject({ engine: 'native', measuredMs: null })
  expect(asked.filter((one) => one.startsWith('probe'))).toHaveLength(1)
  probing = Promise.resolve()
  isTraining = false
  computer.trainingChanged()
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ engine: 'cuda', measuredMs: 7 }), { timeout: 10_000 })
  expect(await computer.engineFor(1e12)).toBe('cuda')
})
