// Real processes of a cluster under `kill -9` at random moments: no update is lost or applied twice, and the loss curve
// stays what it was.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../support/seed.ts'
import { createStreamingEngine, type StreamingEngine } from '#main/core/cluster-training/engine.ts'
import { forkNodeWorker } from '#main/platform/processes/node.ts'
import { partsOn, type PartProcess, type StartPart } from '#main/platform/processes/parts.ts'
import type { PartJob } from '#main/core/cluster-training/messages.ts'
import { ensureBuilt } from '../support/build.ts'
import { tinyClusterModel as model, trainTiny } from '../support/tiny-training.ts'

const wantedKills = 54
/** Besides the kills: on a busy machine a step may be broken off many times before it gets through. */
const wantedSteps = 8
let start: StartPart
const living = new Map<PartProcess, PartJob>()
const open: StreamingEngine[] = []

beforeAll(() => {
  const fork = partsOn(forkNodeWorker(ensureBuilt().worker))
  start = (job, events) => {
    const part = fork(job, {
      ...events,
      exit: (exit, words) => {
        living.delete(part)
        events.exit(exit, words)
      },
    })
    living.set(part, job as PartJob)
    return part
  }
})
afterAll(async () => {
  for (const engine of open) await engine.close()
})

async function cluster(systems: number, name: string): Promise<StreamingEngine> {
  const engine = await createStreamingEngine(model, { systems, engine: 'native', threads: 1, start, name })
  open.push(engine)
  return engine
}

describe('a cluster of real processes', () => {
  it(`survives ${wantedKills} kills at random moments with the undisturbed loss curve`, async () => {
    const random = seededRandom()
    const undisturbed = await cluster(3, 'calm')
    const calm = []
    const disturbed: unknown[] = []
    const engine = await cluster(3, 'storm')
    const mine = () => [...living].filter(([, job]) => job.folder.endsWith('storm'))
    const killed = { store: 0, fabric: 0, system: 0 }
    let kills = 0
    let steps = 0
    let isOver = false
    const storm = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, random.integer(random.integer(2) === 0 ? 20 : 1000)))
        const wanted = (['store', 'fabric', 'system'] as const)[random.integer(3)]
        const victims = mine().filter(([, job]) => job.role === wanted)
        const victim = victims[random.integer(Math.max(1, victims.length))]
        if (!victim?.[0].pid) continue
        process.kill(victim[0].pid, 'SIGKILL')
        killed[wanted]++
        kills++
      }
    })()
    while (kills < wantedKills || steps < wantedSteps) disturbed.push(...(await trainTiny(engine, 1, [5, 2], steps++)))
    isOver = true
    await storm
    disturbed.push(...(await trainTiny(engine, 3, [5, 2], steps)))
    calm.push(...(await trainTiny(undisturbed, steps + 3, [5, 2])))
    expect(disturbed).toEqual(calm)
    expect(await engine.snapshot()).toEqual(await undisturbed.snapshot())
    expect(Math.min(...Object.values(killed))).toBeGreaterThan(3)
    expect(kills).toBeGreaterThanOrEqual(wantedKills)
  }, 300_000)

  it('trains the same where the native library cannot be loaded and files are not mapped', async () => {
    const mapped = await createStreamingEngine(model, {
      systems: 2,
      engine: 'reference',
      threads: 1,
      start,
      name: 'mapped',
    })
    open.push(mapped)
    const before = process.env.ISOFLOP_NATIVE
    process.env.ISOFLOP_NATIVE = import.meta.filename // is there, and no library
    try {
      const unmapped = await createStreamingEngine(model, {
        systems: 2,
        engine: 'reference',
        threads: 1,
        start,
        name: 'unmapped',
      })
      open.push(unmapped)
    } finally {
      if (before === undefined) delete process.env.ISOFLOP_NATIVE
      else process.env.ISOFLOP_NATIVE = before
    }
    expect(await trainTiny(open[open.length - 1], 5, [5, 2])).toEqual(await trainTiny(mapped, 5, [5, 2]))
  })

  it('ends its processes with the engine', async () => {
    const engine = await cluster(2, 'short')
    await trainTiny(engine, 1)
    const pids = [...living].filter(([, job]) => job.folder.endsWith('short')).map(([part]) => part.pid!)
    expect(pids).toHaveLength(4)
    await engine.close()
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow()
  })
})
