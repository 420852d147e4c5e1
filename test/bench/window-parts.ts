// A lab with many finished runs, and some that go on in the window's eyes: for test/bench/window.mjs.
import { join } from 'node:path'
import type { RunSummary } from '#shared/run.ts'
import { columnsOf, curveColumns, rowOf, thinned, type RunCurve } from '#shared/thinning.ts'
import { createRandom } from '#shared/random.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { makeRunPlan, queuedSummary } from '#main/lab/runs/make-run.ts'
import { createRunStore, type RecordBatch } from '#main/lab/runs/run-store.ts'
import { startWebDoor } from '#main/doors/web/door.ts'
import { openDatabase } from '#main/platform/disk/database.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { tinyLab, tinyStudy } from '../support/tiny-lab.ts'

export interface Filling {
  runs: number
  steps: number
  /** Of the runs, those that train. */
  live: number
}

/** The window asks how fast the engines are; here that is known, so that nothing is measured beside it. */
async function* measured(job: { kind: string; engine?: string }): AsyncGenerator<unknown, unknown> {
  if (job.kind === 'measure') return [{ width: 64, flopsPerSecond: 1e9 }]
  return { name: job.engine, isAvailable: true, description: 'here', tokensPerSecond: 1000, flopsPerSecond: 1e9 }
}

/** Falling losses with noise and a spike now and then. */
function batchOf(seed: number, from: number, count: number): RecordBatch {
  const random = createRandom(seed * 1000 + from)
  const at = (step: number) => ({ step, tokens: step * 512, elapsedMs: step * 20 })
  const loss = (step: number) =>
    1.5 + 0.02 * seed + 4 * step ** -0.3 + 0.1 * random.normal() + (random.next() < 1e-4 ? 3 : 0)
  const steps = Array.from({ length: count }, (_, i) => from + i)
  return {
    steps: steps.map((step) => ({ ...at(step), loss: loss(step), gradientNorm: 1, learningRate: 1e-3 })),
    validations: steps.filter((step) => step % 500 === 0).map((step) => ({ ...at(step), loss: loss(step) })),
    samples: [],
  }
}

/** Fills a lab through its own store, opens it, and serves it; `go` lets the live runs go on, ten times a second. */
export async function serveFilledLab({ runs, steps, live }: Filling, rendererFolder: string) {
  const bench = tinyLab()
  bench.answer = (job) => (job.kind === 'probe' || job.kind === 'measure' ? measured(job) : null)
  const lab = await bench.open()
  const study = await tinyStudy(lab)
  const [member] = await lab.planStudy(study.id)
  await lab.updateSettings({ lastStudyId: study.id })
  await lab.close()

  const db = openDatabase(join(bench.home, 'isoflop.db'), labSchema)
  const store = createRunStore(db)
  const isLive = (i: number) => i >= runs - live
  const summaries: RunSummary[] = []
  for (let i = 0; i < runs; i++) {
    const plan = makeRunPlan(study, { ...member, name: `run ${i + 1}`, steps }, `run-${i}`, 'native', 2)
    const done = isLive(i) ? Math.floor(steps / 2) : steps
    const batch = batchOf(i, 1, done)
    const state = isLive(i) ? 'running' : 'finished'
    const summary: RunSummary = {
      ...queuedSummary(plan, i),
      step: done,
      loss: 2,
      validationLoss: 2 + i / 100,
      elapsedMs: done * 20,
      state: 'finished',
      finishedMs: i,
    }
    store.insert([{ plan, summary }])
    store.append(summary, batch, 'relaxed')
    summaries.push({ ...summary, state })
  }
  db.close()

  const opened = await bench.open()
  const tell = new Map<NewsKind, Set<(value: never) => void>>()
  const grown = new Map(summaries.slice(runs - live).map((run) => [run.id, { run, batches: [] as RecordBatch[] }]))
  const host: LabHost = {
    ...opened,
    listen(kind, listener) {
      const all = tell.get(kind) ?? new Set()
      tell.set(kind, all.add(listener as never))
      const stop = opened.listen(kind, listener)
      return () => {
        all.delete(listener as never)
        stop()
      }
    },
    async listRuns(studyId) {
      return (await opened.listRuns(studyId)).map((run) => grown.get(run.id)?.run ?? run)
    },
    async readCurve(runId, part): Promise<RunCurve> {
      const known = await opened.readCurve(runId, part)
      const { afterStep, upToStep = Infinity, widest } = part
      const more = (grown.get(runId)?.batches ?? []).flatMap(({ steps }) => steps)
      const within = more.filter(({ step }) => step > afterStep && step <= upToStep)
      const rows = columnsOf(thinned(within.map(rowOf), widest))
      for (const name of curveColumns) known.rows[name].push(...rows[name])
      return known
    },
  }
  const door = await startWebDoor({ lab: host, port: 0, rendererFolder })
  const say = <K extends NewsKind>(kind: K, value: LabNews[K]) => {
    for (const listener of tell.get(kind) ?? []) (listener as (value: LabNews[K]) => void)(value)
  }
  const go = () => {
    for (const one of grown.values()) {
      const batch = batchOf(Number(one.run.id.slice(4)), one.run.step + 1, 5)
      one.batches.push(batch)
      one.run = { ...one.run, step: one.run.step + 5, loss: batch.steps[4].loss, elapsedMs: one.run.elapsedMs + 100 }
      say('records', { runId: one.run.id, ...batch })
      say('run', one.run)
    }
  }
  let timer: ReturnType<typeof setInterval> | null = null
  return {
    url: door.url,
    newUrl: () => door.newUrl(),
    start: () => (timer = setInterval(go, 100)),
    async close() {
      if (timer) clearInterval(timer)
      await door.close()
      await bench.clean()
    },
  }
}
