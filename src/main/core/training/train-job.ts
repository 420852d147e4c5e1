// One training in a worker: its tokens, engine and checkpoints are opened, and the loop goes on from the last good
// checkpoint.
import { join } from 'node:path'
import type { StreamingStep } from '#shared/cluster/live.ts'
import { Fault } from '#shared/fault.ts'
import { noValidation } from '#shared/family/plan.ts'
import type { GenerateOptions, RunPlan } from '#shared/run.ts'
import {
  checkpointFolder,
  keepCheckpoints,
  listCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
} from '#main/core/model-formats/checkpoint.ts'
import type { Checkpoint } from '#main/core/model-formats/checkpoint.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { generateText } from '#main/core/generation/generate.ts'
import { createBatches } from './batches.ts'
import { createEngine } from '#main/core/engine/create.ts'
import type { ModelState } from '#main/core/engine/engine.ts'
import { takeLock } from '#main/platform/disk/database-lock.ts'
import type { Lock } from '#main/platform/disk/database-lock.ts'
import { openTokens, tokensPath } from '#main/platform/disk/token-files.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import { parseCursor } from './cursor.ts'
import { splitBlocks } from './score-split.ts'
import { train } from './train.ts'
import type { RunRecord, TrainOutcome } from './records.ts'
import { createStreamingEngine } from '#main/core/cluster-training/engine.ts'
import { followRequests, gatherSteps } from '#main/core/cluster-training/follow.ts'
import { forkParts } from '#main/platform/processes/parts.ts'
import type { Asks } from '#main/platform/processes/serve.ts'

export interface TrainJob {
  kind: 'train'
  plan: RunPlan
  tokensFolder: string
  /** Checkpoints lie in `checkpoints/` below. */
  runFolder: string
  /** A checkpoint beyond it would leave a hole in the records. */
  lastRecordedStep: number
  /**
   * The folder of the model that the run begins from, where it is still there; its weights are the first ones while
   * there is no whole checkpoint.
   */
  startsFrom?: string
}

/** How a run's samples begin and are drawn: always the same, so that one can be held against the next. */
const samplePrompt = 'The'
const sampleOptions: Omit<GenerateOptions, 'seed'> = {
  prompt: samplePrompt,
  tokens: 48,
  temperature: 0.8,
  topK: 40,
  topP: 1,
}

/** How long the process of an earlier session may take to notice that its host is gone. */
const lockPatienceMs = 60_000

export async function* trainJob(
  job: TrainJob,
  signal: AbortSignal,
  asks?: Asks,
): AsyncGenerator<RunRecord, TrainOutcome> {
  const { plan, tokensFolder, runFolder } = job
  const { context } = plan.member.shape
  const closers: (() => void | Promise<void>)[] = []
  const closing = <T>(thing: T, close: (thing: T) => void | Promise<void>): T => {
    closers.unshift(() => close(thing))
    return thing
  }
  try {
    closing(await holdRun(runFolder, signal), (lock) => lock.release())
    const checkpoints = join(runFolder, 'checkpoints')
    const tokenizer = loadTokenizer(tokensFolder)
    const text = closing(openTokens(tokensPath(tokensFolder, 'train')), (tokens) => tokens.close())
    const validationText = closing(openTokens(tokensPath(tokensFolder, 'validation')), (tokens) => tokens.close())
    const batches = createBatches({ tokens: text, context, rows: plan.member.batchSequences, seed: plan.seed })
    const validation = splitBlocks(validationText, {
      context,
      sequences: plan.validationSequences,
      rows: plan.member.microBatchSequences,
    })
    const { checkpoint, message } = await lastGood(checkpoints, job.lastRecordedStep)
    const remarks = [message, validation ? null : noValidation(validationText.length, context)]
    const parameters = checkpoint ? undefined : await firstWeights(job)
    const cursor = checkpoint && parseCursor(checkpoint.cursor)
    const measured = gatherSteps()
    const engine = plan.systems
      ? closing(await openCluster(plan, checkpoint?.state, parameters, measured.add), (one) => one.close())
      : closing(
          await createEngine(plan.engine, plan.model, {
            threads: plan.threads,
            precision: plan.recipe.precision,
            parameters,
          }),
          (one) => one.dispose(),
        )
    if ('killPart' in engine) {
      if (asks) void followRequests(asks, engine)
    } else if (checkpoint) engine.restore(checkpoint.state)
    const saved = (await listCheckpoints(checkpoints)).map(({ step }) => step)
    yield {
      kind: 'started',
      step: cursor?.step ?? 0,
      device: engine.device,
      checkpoints: saved,
      message: remarks.filter((one) => one !== null).join(' ') || null,
      awaitsHost: true,
    }

    const records = train(plan, {
      engine,
      sequences: (first, count) => batches.batchAt(0, { from: first, rows: count }),
      validation,
      sample: async () => samplePrompt + (await generateText(engine, tokenizer, { ...sampleOptions, seed: plan.seed })),
      save: async (state, at) => void (await saveCheckpoint(checkpoints, { state, cursor: { ...at } })),
      keep: async (steps) => {
        await keepCheckpoints(checkpoints, steps)
        return (await listCheckpoints(checkpoints)).map(({ step }) => step)
      },
      cursor,
      nowMs: () => performance.now(),
      signal,
    })
    for (;;) {
      const next = await records.next()
      const steps = measured.take(performance.now(), next.done)
      if (steps.length > 0) yield { kind: 'streaming', steps }
      if (next.done) return next.value
      yield next.value
    }
  } finally {
    for (const close of closers) await close()
  }
}

/** The plan's cluster, with the state it goes on from. */
const openCluster = (
  { runId, model, engine, threads, systems, systemWeightBytes, recipe }: RunPlan,
  state: ModelState | undefined,
  parameters: Map<string, Float32Array> | undefined,
  onStep: (step: StreamingStep) => void,
) =>
  createStreamingEngine(model, {
    systems: systems!,
    engine,
    threads,
    precision: recipe.precision,
    start: forkParts(),
    name: runId,
    onStep,
    ...(systemWeightBytes === undefined ? {} : { systemWeightBytes }),
    ...(state ? { state } : {}),
    ...(parameters ? { parameters } : {}),
  })

/** Those of the model that the run begins from; undefined where it begins with random ones. */
async function firstWeights({
  plan: { origin },
  startsFrom,
}: TrainJob): Promise<Map<string, Float32Array> | undefined> {
  if (!origin) return undefined
  if (startsFrom === undefined)
    throw new Fault(
      'not-found',
      `${origin.name}, whose weights this run begins from, is not in the lab any more. Import it again and start a new run.`,
    )
  return (await importHuggingFace(startsFrom)).parameters
}

/** One trainer a run: the last one's process may still be finishing its step when its host was killed. */
async function holdRun(runFolder: string, signal: AbortSignal): Promise<Lock> {
  const untilMs = performance.now() + lockPatienceMs
  for (;;) {
    const taken = takeLock(join(runFolder, 'trainer.lock'))
    if ('lock' in taken) return taken.lock
    if (signal.aborted) throw new Fault('cancelled', 'Stopped before it began.')
    if (performance.now() > untilMs)
      throw new Fault(
        'conflict',
        `Another process${taken.heldBy ? ` (${taken.heldBy})` : ''} is still training this run. End it and try again.`,
      )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The newest whole checkpoint whose records are all there, and a sentence where it is not simply the newest. */
async function lastGood(
  folder: string,
  lastRecordedStep: number,
): Promise<{ checkpoint: Checkpoint | null; message: string | null }> {
  const steps = (await listCheckpoints(folder))
    .map(({ step }) => step)
    .filter((step) => step <= lastRecordedStep)
    .reverse()
  const bad: number[] = []
  for (const step of steps) {
    try {
      const checkpoint = await loadCheckpoint(checkpointFolder(folder, step))
      if (!parseCursor(checkpoint.cursor))
        throw new Fault('damaged', `The checkpoint of step ${step} does not say where the training stood.`)
      return {
        checkpoint,
        message:
          bad.length > 0
            ? `The checkpoint of step ${bad.join(' and ')} is damaged; the run went on from step ${step}.`
            : null,
      }
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'damaged')) throw error
      bad.push(step)
    }
  }
  return {
    checkpoint: null,
    message:
      bad.length > 0
        ? `The checkpoint of step ${bad.join(' and ')} is damaged and there is no other; the run began anew at step 0.`
        : lastRecordedStep > 0
          ? 'No checkpoint of this run is left; it began anew at step 0.'
          : null,
  }
}
