// Runs that resources/torch trains: started in a Python that has PyTorch, read back, held against runs of our own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import type { SplitScore, StepRecord } from '#shared/run.ts'
import type { RunRecord } from '#main/core/training/records.ts'
import type { RunLine } from '#main/core/training/run-file.ts'
import { runFileJob } from '#main/core/training/run-file-job.ts'

/** ISOFLOP_PYTHON or one on the path; undefined where there is none with torch. */
export const python = [process.env.ISOFLOP_PYTHON, 'python3', 'python'].find(
  (name) => name && spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
)

export const torchrun = (processes: number): string[] => [
  ...['-m', 'torch.distributed.run', '--standalone'],
  ...['--nproc-per-node', String(processes)],
]

const started: ChildProcess[] = []

/** Python with our package on its path, to its end. `meanwhile` may signal it. */
export function runPython(args: string[], meanwhile?: (child: ChildProcess) => Promise<void>) {
  const child = spawn(python!, args, {
    env: { ...process.env, PYTHONPATH: resolve('resources/torch'), OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
  void meanwhile?.(child)
  return new Promise<{ code: number | null; words: string }>((done) =>
    child.on('exit', (code) => done({ code, words })),
  )
}

export const killStarted = (): void => started.forEach((child) => child.kill('SIGKILL'))

/** The same run by our own engine in this process; it is asked to stop where `stop` says so. */
export async function runNative(path: string, stop: (record: RunRecord) => boolean = () => false): Promise<void> {
  const stopping = new AbortController()
  const records = runFileJob(path, stopping.signal)
  for (let next = await records.next(); !next.done; next = await records.next()) if (stop(next.value)) stopping.abort()
}

export const linesOf = (folder: string): RunLine[] =>
  readFileSync(join(folder, 'records.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RunLine)

/** Resolves once the newest session has saved a checkpoint. */
export async function savedOnce(folder: string): Promise<void> {
  const sessionsBefore = kindsOf(folder).filter((kind) => kind === 'started').length
  for (;;) {
    const kinds = kindsOf(folder)
    const isNew = kinds.filter((kind) => kind === 'started').length > sessionsBefore
    if (isNew && kinds.lastIndexOf('checkpoint') > kinds.lastIndexOf('started')) return
    if (isNew && kinds.lastIndexOf('checkpointing') > kinds.lastIndexOf('started') && kinds.at(-1) !== 'checkpointing')
      return
    await new Promise((done) => setTimeout(done, 10))
  }
}
function kindsOf(folder: string): string[] {
  try {
    return linesOf(folder).map(({ kind }) => kind)
  } catch {
    return []
  }
}

/** Every step as a reader of the lines has it at the end: a session goes back to the step it starts from. */
function stepsOf(folder: string): StepRecord[] {
  const found: StepRecord[] = []
  for (const line of linesOf(folder)) {
    if (line.kind === 'started') {
      expect(line.step, 'it goes on from a step that is recorded').toBeLessThanOrEqual(found.length)
      found.length = line.step
    }
    if (line.kind === 'step') {
      expect(line.record.step, 'no step is missing').toBe(found.length + 1)
      found.push(line.record)
    }
  }
  return found
}

/** What the whole validation split was scored with. */
export const wholeOf = (folder: string): SplitScore[] =>
  linesOf(folder).flatMap((line) => (line.kind === 'validation' && line.record.whole ? [line.record.whole] : []))

/** Losses within 1e-5 nats, norms of gradients within 1e-4 of each, rates and tokens the same. */
export function expectSameSteps(own: string, theirs: string): void {
  const [a, b] = [stepsOf(own), stepsOf(theirs)]
  expect(b.map(({ step }) => step)).toEqual(a.map(({ step }) => step))
  expect(b.map(({ tokens }) => tokens)).toEqual(a.map(({ tokens }) => tokens))
  const most = (difference: (x: StepRecord, y: StepRecord) => number) =>
    Math.max(...a.map((x, i) => difference(x, b[i])))
  expect(most((x, y) => Math.abs(x.loss - y.loss))).toBeLessThan(1e-5)
  expect(most((x, y) => Math.abs(x.gradientNorm / y.gradientNorm - 1))).toBeLessThan(1e-4)
  expect(most((x, y) => Math.abs(x.learningRate / y.learningRate - 1))).toBeLessThan(1e-12)
}

/** The distance between two tensors, as a share of the second one's length. */
export function apart(theirs: Float32Array, own: Float32Array): number {
  let [squares, all] = [0, 0]
  for (const [i, value] of own.entries()) {
    squares += (theirs[i] - value) ** 2
    all += value ** 2
  }
  return theirs.length === own.length ? Math.sqrt(squares / Math.max(all, Number.MIN_VALUE)) : Infinity
}
