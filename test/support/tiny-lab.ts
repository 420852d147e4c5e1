// A whole lab in one process on tiny models: real rooms, real files, workers without processes; only the bundled texts
// are cut short.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Corpus } from '#shared/corpus.ts'
import { isTraining, type RunSummary } from '#shared/run.ts'
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import { createLab, type LabHost } from '#main/lab/lab.ts'
import { runJob, type Job } from '#main/worker.ts'
import type { RunJob } from '#main/platform/processes/serve.ts'
import { forkInProcess, type InProcessFork } from './in-process-worker.ts'
import { smallText } from './small-text.ts'

export interface Bench {
  home: string
  /** Opens a lab in `home`; the last one must have been closed or abandoned. */
  open(how?: { isReadOnly?: boolean; nowMs?: () => number }): Promise<LabHost>
  workers: InProcessFork
  /** Answers some jobs itself: gives a generator, or null to have it done really. */
  answer: (job: Job, signal: AbortSignal) => AsyncGenerator<unknown, unknown> | null
  clean(): Promise<void>
}

/** Engines with threads of their own, which in this process would outlive a lab that is closed at once. */
const isOfGuests = (job: Job): boolean =>
  (job.kind === 'probe' || job.kind === 'measure' || job.kind === 'load') &&
  ['gpu', 'cuda', 'tensorflow'].includes(job.engine)
async function* notHere(): AsyncGenerator<never, never> {
  throw new Fault('unavailable', 'Not in the process of the tests.')
}

export function tinyLab(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'isoflop-lab-'))
  const text = join(folder, 'text.txt')
  writeFileSync(text, smallText(8_000))
  const open: LabHost[] = []
  const shortened: RunJob = (message, signal, asks) => {
    const job = message as Job
    if (job.kind === 'ingest' && job.request.paths[0].includes('node_modules')) job.request.paths = [text]
    return bench.answer(job, signal) ?? (isOfGuests(job) ? notHere() : runJob(job, signal, asks))
  }
  const workers = forkInProcess(shortened)
  const bench: Bench = {
    home: join(folder, 'home'),
    workers,
    answer: () => null,
    open: async ({ isReadOnly, nowMs } = {}) => {
      const lab = await createLab({
        home: bench.home,
        resources: '',
        version: '0.0.0',
        door: 'web',
        fork: workers.fork,
        isReadOnly,
        nowMs,
      })
      open.push(lab)
      return lab
    },
    clean: async () => {
      for (const lab of open) await lab.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return bench
}

/** A study whose members train in a second on the reference engine. */
export async function tinyStudy(lab: LabHost, widths: number[] = [8]): Promise<Study> {
  await lab.updateSettings({ engine: 'reference' })
  const { id, recipe } = await lab.createStudy('Tiny')
  return lab.updateStudy(id, {
    tokenizer: { kind: 'bytes' },
    recipe: { ...recipe, context: 8, batchTokens: 32, tokensPerParameter: 0.5 },
    ladder: {
      dial: { kind: 'largest', parameters: 3000 },
      members: widths.map((width) => ({
        id: `w${width}`,
        name: `w${width}`,
        layers: 1,
        width,
        heads: 1,
        isEnabled: true,
      })),
    },
  })
}

/** Waits until `check` gives something. */
export async function until<T>(
  check: () => Promise<T | null | undefined | false>,
  what = 'it',
  patienceMs = 20_000,
): Promise<T> {
  const untilMs = Date.now() + patienceMs
  for (;;) {
    const found = await check()
    if (found) return found
    if (Date.now() > untilMs) throw new Error(`${what} did not come within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Waits until an engine has the run. */
export const trainingIn = (lab: LabHost, runId: string): Promise<RunSummary> =>
  until(async () => (await lab.listRuns(null)).find((run) => run.id === runId && isTraining(run)), 'a run that trains')

export const runIn = (lab: LabHost, runId: string, ...states: RunSummary['state'][]): Promise<RunSummary> =>
  until(
    async () => (await lab.listRuns(null)).find((run) => run.id === runId && states.includes(run.state)),
    `a run that is ${states.join(' or ')}`,
  )

export const corpusReady = (lab: LabHost): Promise<Corpus> =>
  until(async () => (await lab.listCorpora()).find(({ state }) => state === 'finished'), 'a corpus')
