// One check in a worker: its text is opened, and each of its small models gets an engine of its own.
import type { CheckPlan, CheckRecord } from '#shared/mup/check.ts'
import { Fault } from '#shared/fault.ts'
import { createBatches, type Batches } from '#main/core/training/batches.ts'
import { createEngine } from '#main/core/engine/create.ts'
import { openTokens, tokensPath } from '#main/platform/disk/token-files.ts'
import { coordinateCheck } from './coordinates.ts'
import type { CheckDeps } from './deps.ts'
import { learningRateSweep } from './transfer.ts'

export interface CheckJob {
  kind: 'check'
  plan: CheckPlan
  tokensFolder: string
}

/** Sequences of the validation split that a model of the sweep is scored on. */
const scoredSequences = 128

const checks = { coordinates: coordinateCheck, transfer: learningRateSweep }

export async function* checkJob({ plan, tokensFolder }: CheckJob, signal: AbortSignal): AsyncGenerator<CheckRecord> {
  const { context, rows, seed } = plan
  const text = openTokens(tokensPath(tokensFolder, 'train'))
  const validationText = openTokens(tokensPath(tokensFolder, 'validation'))
  try {
    if (validationText.length <= context)
      throw new Fault(
        'bad-input',
        `The validation text has ${validationText.length} tokens; a check needs ${context + 1}. Add more text.`,
      )
    const orders = new Map<number, Batches>()
    const batchesOf = (one: number): Batches => {
      const made = orders.get(one) ?? createBatches({ tokens: text, context, rows, seed: one })
      orders.set(one, made)
      return made
    }
    const scored = createBatches({ tokens: validationText, context, rows: 1, seed: null })
    const deps: CheckDeps = {
      createEngine: (model) => createEngine(plan.engine, model, { threads: plan.threads }),
      batchAt: (step, count, own = seed) => batchesOf(own).batchAt(step, { from: 0, rows: count }),
      validation: scored.batchAt(0, { from: 0, rows: Math.min(scoredSequences, scored.sequences) }),
      signal,
    }
    for await (const record of checks[plan.kind](plan, deps)) {
      yield record
      await new Promise((resolve) => setImmediate(resolve)) // lets a request to stop come in
    }
  } finally {
    text.close()
    validationText.close()
  }
}
