// The cluster from its host's side: starts its processes, tells them what to do, and starts again those that end.
import type { ClusterPart } from '#shared/cluster/live.ts'
import type { AdamSettings } from '#shared/family/model.ts'
import { Fault, type FaultData } from '#shared/fault.ts'
import type { PartProcess, StartPart } from '#main/platform/processes/parts.ts'
import type { FromPart, LayerTimes, Memory, PartJob, Share, ToPart, Traffic } from './messages.ts'

/** A process of the cluster ended in the middle of something. */
export class PartEnded extends Error {}

export interface Passed {
  /** Sum of the losses of each system's tokens. */
  losses: number[]
  /** Of each system: bytes in and out, and what was measured. */
  systems: (Traffic & { times: LayerTimes[]; peakWeightBytes: number })[]
  store: Traffic
  fabric: Traffic
  /** Seconds that each item of weights spent in the store and in the fabric. */
  sending: number[]
}

export interface Updated {
  norm: number
  seconds: number
}

export interface Cluster {
  /** Starts what is not there; resolves when all are ready. Throws a Fault where one does not come up. */
  ready(): Promise<void>
  /**
   * One micro-batch through all layers and back; each system's share, gradients gathered in the store. Throws
   * PartEnded.
   */
  pass(shares: (Share | null)[], isFirst: boolean): Promise<Passed>
  /**
   * A pass in which nobody computes: seconds that all transfers take when nothing hides them. What the store gathers
   * counts for nothing. Throws PartEnded.
   */
  measureTransfers(): Promise<number>
  /** Throws PartEnded where the store ended: whether it had committed is written in its file. */
  update(step: number, learningRate: number, adam: AdamSettings): Promise<Updated>
  kill(part: ClusterPart): void
  readonly device: string
  /** Of all parts together, as each said when it was last done with something. */
  memory(): Memory
  /** Processes that ended unexpectedly. */
  readonly faults: number
  readonly systemsAlive: number
  close(): Promise<void>
}

interface Part {
  job: PartJob
  process: PartProcess | null
  isReady: boolean
  device: string
  memory: Memory
  /** Starts in a row that came to nothing. */
  failures: number
  lastWords: string
}

const nothing: Memory = { currentBytes: 0, peakBytes: 0 }

/** A part that cannot come up is not tried for ever. */
const mostFailures = 12

export function createCluster(jobs: PartJob[], start: StartPart): Cluster {
  const parts = jobs.map((job): Part => ({
    job,
    process: null,
    isReady: false,
    device: '',
    memory: nothing,
    failures: 0,
    lastWords: '',
  }))
  const store = parts.find(({ job }) => job.role === 'store')!
  const fabric = parts.find(({ job }) => job.role === 'fabric')!
  const systems = parts.filter(({ job }) => job.role === 'system').sort((a, b) => a.job.system - b.job.system)
  const exitListeners = new Set<() => void>()
  let run = 0
  let faults = 0
  let isClosing = false
  let peakBytes = 0
  let fatal: Fault | null = null
  /** What receives the messages: a pass or an update. */
  let work: {
    receive(part: Part, message: FromPart): void
    fail(error: Error): void
    needs(part: Part): boolean
  } | null = null
  let stateChanged: () => void = () => undefined

  function begin(part: Part): void {
    part.isReady = false
    const process = start(part.job, {
      message(heard) {
        if (part.process !== process) return
        const message = heard as FromPart | { kind: 'fault'; fault: FaultData }
        if ('memory' in message) remember(part, message.memory)
        if (message.kind === 'fault') {
          const { code, message: words, details } = message.fault
          fatal = new Fault(code, words, { details })
          work?.fail(fatal)
          stateChanged()
        } else if (message.kind === 'ready') {
          part.isReady = true
          part.failures = 0
          part.device = message.device
          stateChanged()
        } else work?.receive(part, message)
      },
      exit(_exit, lastWords) {
        if (part.process !== process) return
        part.process = null
        part.memory = nothing
        if (!part.isReady) part.failures++
        part.isReady = false
        part.lastWords = lastWords
        if (!isClosing) faults++
        if (work?.needs(part)) work.fail(new PartEnded(`${part.job.role} ${part.job.system} ended`))
        for (const tell of exitListeners) tell()
        stateChanged()
      },
    })
    part.process = process
  }

  const bytesOf = (which: keyof Memory) => parts.reduce((sum, { memory }) => sum + memory[which], 0)
  function remember(part: Part, memory: Memory): void {
    part.memory = memory
    peakBytes = Math.max(peakBytes, bytesOf('peakBytes'))
  }

  async function ready(): Promise<void> {
    while (parts.some(({ isReady }) => !isReady)) {
      if (fatal) throw fatal
      for (const part of parts) {
        if (part.failures > mostFailures)
          throw new Fault(
            'failed',
            `The ${part.job.role} of the cluster ended ${part.failures} times before it was ready.`,
            { details: part.lastWords || undefined },
          )
        if (!part.process) begin(part)
      }
      if (parts.some(({ isReady }) => !isReady))
        await new Promise<void>((resolve) => {
          stateChanged = resolve
        })
    }
    if (fatal) throw fatal
  }

  function pass(shares: (Share | null)[], isFirst: boolean, contributors: number[]): Promise<Passed> {
    run++
    const mine = run
    const passed: Passed = { losses: [], systems: [], store: { in: 0, out: 0 }, fabric: { in: 0, out: 0 }, sending: [] }
    let busy = parts.length
    return new Promise<Passed>((resolve, reject) => {
      work = {
        needs: () => true,
        fail(error) {
          work = null
          reject(error)
        },
        receive({ job }, message) {
          if ((message.kind !== 'passed' && message.kind !== 'carried') || message.run !== mine) return
          const { in: came, out } = message
          if (message.kind === 'passed') {
            passed.losses[job.system] = message.loss
            passed.systems[job.system] = {
              in: came,
              out,
              times: message.times,
              peakWeightBytes: message.peakWeightBytes,
            }
          } else {
            passed[job.role === 'store' ? 'store' : 'fabric'] = { in: came, out }
            passed.sending = message.seconds.map((seconds, item) => seconds + (passed.sending[item] ?? 0))
          }
          if (--busy > 0) return
          work = null
          resolve(passed)
        },
      }
      for (const { job, process } of parts) {
        process?.send({
          kind: 'pass',
          run: mine,
          isFirst,
          contributors,
          share: job.role === 'system' ? shares[job.system] : null,
        } satisfies ToPart)
      }
      if (parts.some(({ process }) => !process)) work?.fail(new PartEnded('a part had ended before'))
    })
  }

  function update(step: number, learningRate: number, adam: AdamSettings): Promise<Updated> {
    return new Promise<Updated>((resolve, reject) => {
      work = {
        needs: (part) => part === store,
        fail(error) {
          work = null
          reject(error)
        },
        receive(part, message) {
          if (message.kind !== 'updated' || message.step !== step) return
          work = null
          resolve(message)
        },
      }
      if (!store.process) return work.fail(new PartEnded('the store had ended before'))
      store.process.send({ kind: 'update', step, learningRate, adam } satisfies ToPart)
    })
  }

  return {
    ready,
    pass: (shares, isFirst) =>
      pass(
        shares,
        isFirst,
        systems.flatMap(({ job }, i) => ((shares[i]?.rows ?? 0) > 0 ? [job.system] : [])),
      ),
    async measureTransfers() {
      const startMs = performance.now()
      await pass(
        systems.map(() => null),
        true,
        systems.map(({ job }) => job.system),
      )
      return (performance.now() - startMs) / 1000
    },
    update,
    kill(part) {
      const found = part === 'store' ? store : part === 'fabric' ? fabric : systems[part.system]
      found?.process?.kill()
    },
    get device() {
      return systems[0].device
    },
    memory: () => ({ currentBytes: bytesOf('currentBytes'), peakBytes }),
    get faults() {
      return faults
    },
    get systemsAlive() {
      return systems.filter(({ process }) => process !== null).length
    },
    async close() {
      isClosing = true
      const left = parts.filter(({ process }) => process)
      const ended = left.map(
        (part) =>
          new Promise<void>((resolve) => {
            const check = () => {
              if (part.process) return
              exitListeners.delete(check)
              resolve()
            }
            exitListeners.add(check)
          }),
      )
      for (const { process } of left) process!.kill()
      await Promise.all(ended)
    },
  }
}
