// A run that came as a file: stopped and started again it is the same run to the last bit, and every step is recorded.
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunRecord } from '#main/core/training/records.ts'
import { readRunFile, type RunLine } from '#main/core/training/run-file.ts'
import { runFileJob } from '#main/core/training/run-file-job.ts'
import { makeRunFiles } from '../../../support/run-files.ts'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-run-file-'))
  await makeRunFiles(folder, ['whole', 'stopped', 'torn'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs until its end, or asks it to stop when `stop` says so. */
async function work(run: string, stop: (record: RunRecord) => boolean = () => false) {
  const stopping = new AbortController()
  const records = runFileJob(join(folder, run, 'run.json'), stopping.signal)
  for (;;) {
    const next = await records.next()
    if (next.done) return next.value
    if (stop(next.value)) stopping.abort()
  }
}
const linesOf = (run: string): RunLine[] =>
  readFileSync(join(folder, run, 'records.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RunLine)

/** What a reader of the lines has at the end: a session goes back to the step it starts from. */
function losses(lines: readonly RunLine[]): (number | undefined)[] {
  const found: number[] = []
  for (const line of lines) {
    if (line.kind === 'started') found.length = line.step
    if (line.kind === 'step') found[line.record.step - 1] = line.record.loss
  }
  return Array.from(found)
}
const weights = (run: string) =>
  readdirSync(join(folder, run, 'checkpoints', 'step-000060'))
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => readFileSync(join(folder, run, 'checkpoints', 'step-000060', name)).toString('base64'))

describe('a run from a file', () => {
  it('trains to its end, and says so in its last line', async () => {
    expect(await work('whole')).toEqual({ isFinished: true, step: 60 })
    const lines = linesOf('whole')
    expect(lines.at(-1)).toEqual({ kind: 'ended', isFinished: true, step: 60 })
    expect(lines.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(3)
    expect(losses(lines)).toHaveLength(60)
  })
  it('started again after its end ends at once', async () => {
    expect(await work('whole')).toEqual({ isFinished: true, step: 60 })
    expect(linesOf('whole').filter(({ kind }) => kind === 'step')).toHaveLength(60)
  })
  it('saves when asked to stop, and goes on to the same weights and losses', async () => {
    const outcome = await work('stopped', (record) => record.kind === 'step' && record.record.step === 33)
    expect(outcome).toEqual({ isFinished: false, step: 33 })
    expect(linesOf('stopped').at(-1)).toEqual({ kind: 'ended', isFinished: false, step: 33 })
    expect(await work('stopped')).toEqual({ isFinished: true, step: 60 })
    expect(linesOf('stopped').filter(({ kind }) => kind === 'step')).toHaveLength(60) // none twice
    expect(losses(linesOf('stopped'))).toEqual(losses(linesOf('whole')))
    expect(weights('stopped')).toEqual(weights('whole'))
  })
  it('drops a line that a crash cut in two, and does the steps after the last checkpoint again', async () => {
    const records = runFileJob(join(folder, 'torn', 'run.json'), new AbortController().signal)
    for (let record = await records.next(); !record.done; record = await records.next())
      if (record.value.kind === 'step' && record.value.record.step === 27) break
    await records.return(undefined as never)
    appendFileSync(join(folder, 'torn', 'records.jsonl'), '{"kind":"step","record":{"st')
    expect(await work('torn')).toEqual({ isFinished: true, step: 60 })
    expect(losses(linesOf('torn'))).toEqual(losses(linesOf('whole')))
    expect(weights('torn')).toEqual(weights('whole'))
  })
  it('writes down what it failed of', async () => {
    const text = readFileSync(join(folder, 'whole', 'run.json'), 'utf8')
    writeFileSync(join(folder, 'whole', 'run.json'), text.replace('"../tokens"', '"../nowhere"'))
    await expect(work('whole')).rejects.toThrow(/nowhere/)
    expect(linesOf('whole').at(-1)).toMatchObject({ kind: 'failed', fault: { code: 'not-found' } })
  })
  it('refuses what is no run, and a form that it does not know', async () => {
    writeFileSync(join(folder, 'other.json'), '{"format":"isoflop-study"}')
    await expect(readRunFile(join(folder, 'other.json'))).rejects.toThrow(/is not the file of a run/)
    const text = readFileSync(join(folder, 'stopped', 'run.json'), 'utf8')
    writeFileSync(join(folder, 'newer.json'), text.replace('"version":1', '"version":2'))
    await expect(readRunFile(join(folder, 'newer.json'))).rejects.toThrow(/newer version/)
  })
})
