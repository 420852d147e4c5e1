// A cluster behind the port that every trainer knows: a step is its micro-batches on all systems and one update of the
// store.
import type { ClusterPart, StreamingStep } from '#shared/cluster/live.ts'
import type { EngineName, Precision } from '#shared/engine.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { createEngine } from '#main/core/engine/create.ts'
import type { Batch, Continuation, Engine, ModelState } from '#main/core/engine/engine.ts'
import { initialWeights } from '#main/core/engine/init.ts'
import { usableCores } from '#main/platform/disk/computer.ts'
import { makeNumberFiles, removeNumberFiles } from '#main/platform/disk/number-files.ts'
import type { StartPart } from '#main/platform/processes/parts.ts'
import { createCluster, PartEnded, type Passed, type Updated } from './cluster.ts'
import { layoutOf, neededWeightBytes, shareOf } from './layout.ts'
import { linkBytes, openLinks } from './links.ts'
import { streamingStep } from './measure.ts'
import type { PartJob, Share } from './messages.ts'
import { openStateFile, readState, writeState } from './state-file.ts'

export interface StreamingOptions {
  systems: number
  /** Absent: what a system needs. */
  systemWeightBytes?: number
  engine: EngineName
  /** fp32 where it is not said. */
  precision?: Precision
  /** Of the whole cluster; shared by its systems. 0 for the physical cores. */
  threads: number
  start: StartPart
  /** Where to begin; absent: with `parameters`, or the plan's random weights. */
  state?: ModelState
  parameters?: ReadonlyMap<string, Float32Array>
  /** Tells clusters of one process apart. */
  name: string
  /** Hears of every update. */
  onStep?: (step: StreamingStep) => void
}

export interface StreamingEngine extends Engine {
  killPart(part: ClusterPart): void
  /** Ends the processes; resolves when they are gone. */
  close(): Promise<void>
}

/** A step that is broken off so often in a row has another reason than chance. */
const mostRetries = 100
/** Passes without computing before the first step; the fastest tells what transfers take. */
const transferTrials = 4

/** A micro-batch of the step that is under way, what came of it, and whether the store has its gradients. */
interface Micro {
  batch: Batch
  weight: number
  scored: number
  passed: Passed | null
  isGathered: boolean
}

export async function createStreamingEngine(model: ModelPlan, options: StreamingOptions): Promise<StreamingEngine> {
  const { systems, engine, start, precision = 'fp32' } = options
  const layout = layoutOf(model.shape)
  const needed = neededWeightBytes(layout)
  const systemWeightBytes = options.systemWeightBytes ?? needed
  if (systemWeightBytes < needed) {
    throw new Fault(
      'too-large',
      `A system may hold ${systemWeightBytes} bytes of weights, and this model needs ${needed} on each: its embeddings and two layers. Allow more, or train a narrower model.`,
    )
  }
  const threads = options.threads > 0 ? options.threads : usableCores()
  const folder = makeNumberFiles(options.name, linkBytes(layout, systems))
  const file = openStateFile(openLinks(folder), layout)
  const begun = options.state ?? {
    updates: 0,
    parameters: options.parameters ? new Map(options.parameters) : initialWeights(model),
    firstMoments: new Map(),
    secondMoments: new Map(),
  }
  writeState(file, layout, begun)

  const common = { system: 0, systems, model, engine, precision, folder, systemWeightBytes }
  const job = { kind: 'cluster-part' as const, ...common }
  const jobs: PartJob[] = [
    { ...job, role: 'store', threads },
    { ...job, role: 'fabric', threads: 1 },
    ...Array.from({ length: systems }, (_, system): PartJob => ({
      ...job,
      role: 'system',
      system,
      threads: Math.max(1, Math.floor(threads / systems)),
    })),
  ]
  const cluster = createCluster(jobs, start)
  let updates = begun.updates
  let micros: Micro[] = []
  let stepStartMs = 0
  let reader: { engine: Engine; updates: number } | null = null

  async function end(): Promise<void> {
    reader?.engine.dispose()
    reader = null
    await cluster.close()
    file.close()
    removeNumberFiles(folder)
  }
  let ended: Promise<void> | null = null
  const close = () => (ended ??= end())

  /** Does `work` with all parts there, and again where one of them ended on the way. */
  async function retried<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        await cluster.ready()
        return await work()
      } catch (error) {
        if (!(error instanceof PartEnded)) throw error
        // What the store had gathered may be gone with it, or be half of a pass: the step begins again.
        for (const micro of micros) micro.isGathered = false
        if (tries > mostRetries)
          throw new Fault(
            'failed',
            `Step ${updates + 1} was broken off ${tries} times because processes of the cluster ended.`,
          )
      }
    }
  }
  async function catchUp(): Promise<void> {
    for (const [i, micro] of micros.entries()) {
      if (micro.isGathered) continue
      micro.passed = await cluster.pass(sharesOf(micro, systems), i === 0)
      micro.isGathered = true
    }
  }
  const lossOf = ({ passed, scored }: Micro): number => passed!.losses.reduce((sum, loss) => sum + loss, 0) / scored

  let transferSeconds = Infinity
  try {
    for (let i = 0; i < transferTrials; i++)
      transferSeconds = Math.min(transferSeconds, await retried(() => cluster.measureTransfers()))
  } catch (error) {
    await close()
    throw error
  }

  /** A plain engine with the weights as they are, for what only reads: validation and samples. */
  async function reading(): Promise<Engine> {
    const state = (): ModelState => ({ ...readState(file, layout), firstMoments: new Map(), secondMoments: new Map() })
    if (!reader) {
      const now = state()
      reader = {
        engine: await createEngine(engine, model, { threads: options.threads, precision, parameters: now.parameters }),
        updates,
      }
    } else if (reader.updates !== updates) {
      reader.engine.restore(state())
      reader.updates = updates
    }
    return reader.engine
  }

  return {
    name: engine,
    device: `${systems} system${systems === 1 ? '' : 's'} of ${cluster.device}`,
    model,

    async accumulate(batch, weight) {
      if (micros.length === 0) stepStartMs = performance.now()
      const micro: Micro = { batch, weight, scored: scoredOf(batch), passed: null, isGathered: false }
      micros.push(micro)
      await retried(catchUp)
      return lossOf(micro)
    },

    async update(learningRate, adam) {
      const step = updates + 1
      const updated = await retried(async (): Promise<Updated> => {
        const { step: done, norm } = file.committed()
        // the store ended after its commit, before it could say so
        if (done === step) return { norm, seconds: 0 }
        await catchUp()
        return cluster.update(step, learningRate, adam)
      })
      updates = step
      const passes = micros.map(({ passed }) => passed!)
      const loss = micros.reduce((sum, micro) => sum + lossOf(micro) * micro.weight, 0)
      options.onStep?.(
        streamingStep(
          {
            step,
            loss,
            passes,
            updated,
            stepSeconds: (performance.now() - stepStartMs) / 1000,
            systemWeightBytes,
            systemsAlive: cluster.systemsAlive,
            faults: cluster.faults,
            transferSeconds,
          },
          layout,
        ),
      )
      micros = []
      return updated.norm
    },

    loss: async (batch) => (await reading()).loss(batch),
    score: async (batch) => (await reading()).score(batch),
    scorePrefixTrees: async (trees) => (await reading()).scorePrefixTrees(trees),
    logits: async (batch) => (await reading()).logits(batch),
    continuation() {
      let inner: Continuation | null = null
      return {
        feed: async (tokens) => (inner ??= (await reading()).continuation()).feed(tokens),
        get length() {
          return inner?.length ?? 0
        },
        dispose: () => inner?.dispose(),
      }
    },
    snapshot: async () => readState(file, layout),
    restore() {
      throw new Error('a cluster begins with its state; it is not given another one')
    },
    memory() {
      const parts = cluster.memory()
      const read = reader?.engine.memory() ?? { currentBytes: 0, peakBytes: 0 }
      return {
        currentBytes: parts.currentBytes + read.currentBytes,
        peakBytes: parts.peakBytes + read.peakBytes, // which may not have been at the same moment
      }
    },
    dispose: () => void close(),
    killPart: (part) => cluster.kill(part),
    close,
  }
}

function scoredOf({ targets }: Batch): number {
  let scored = 0
  for (const id of targets) if (id >= 0) scored++
  if (scored === 0) throw new Error('a batch without a single scored target has no loss')
  return scored
}

/** The rows of each system; the weight of a token is the same as in the whole micro-batch. */
function sharesOf({ batch, weight, scored }: Micro, systems: number): Share[] {
  const { rows, columns, inputs, targets } = batch
  return Array.from({ length: systems }, (_, system) => {
    const { from, to } = shareOf(rows, system, systems)
    return {
      rows: to - from,
      columns,
      inputs: inputs.slice(from * columns, to * columns),
      targets: targets.slice(from * columns, to * columns),
      gradientScale: weight / scored,
    }
  })
}
