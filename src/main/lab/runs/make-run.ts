// From a member's plan to a run: everything the training needs, fixed at its start.
import { createHash } from 'node:crypto'
import { emulatedName, type ClusterChoice } from '#shared/cluster/live.ts'
import type { EngineName } from '#shared/engine.ts'
import { flopsPerToken } from '#shared/family/flops.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { cooldownEnds, scheduleOf } from '#shared/family/schedule.ts'
import { modelOf } from '#shared/family/parametrisation.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { intervalsFor } from '#main/core/training/intervals.ts'

/** Tokens of the validation split that every member is scored on along the way; at its end it is scored on all. */
const validationTokens = 32_768

export function makeRunPlan(
  study: Study,
  member: MemberPlan,
  runId: string,
  engine: EngineName,
  threads: number,
  cluster?: ClusterChoice,
): RunPlan {
  const every = intervalsFor(member.steps, member.seconds)
  return {
    runId,
    studyId: study.id,
    memberId: member.memberId,
    name: emulatedName(member.name, cluster?.systems),
    corpusId: study.corpusId,
    tokenizer: study.tokenizer,
    recipe: study.recipe,
    member,
    model: modelOf(member, study.recipe),
    engine,
    threads,
    seed: study.recipe.seed,
    validationEverySteps: every.validation,
    validationSequences: Math.max(1, Math.round(validationTokens / member.shape.context)),
    sampleEverySteps: every.sample,
    checkpointEverySteps: every.checkpoint,
    ...cluster,
  }
}

function cooldownsOf({ member, recipe }: RunPlan): Pick<RunSummary, 'cooldowns'> {
  const cooldowns = cooldownEnds(scheduleOf(member, recipe))
  return cooldowns.length > 1 ? { cooldowns } : {}
}

/** A short name for all that decides a training's outcome but its seed: runs that share it are repeats. */
export function settingOf({ corpusId, tokenizer, recipe, member, origin }: RunPlan): string {
  const { seed: _seed, precision, ...rest } = recipe
  const { shape, steps, batchSequences, warmupSteps, peakLearningRate, phases } = member
  const parts = {
    ...rest,
    ...(precision === 'bf16' ? { precision } : {}), // absent and fp32 are the same
    corpusId,
    tokenizer,
    shape,
    steps,
    batchSequences,
    warmupSteps,
    peakLearningRate,
    phases: phases ?? null,
    ...(origin ? { origin: origin.modelId } : {}),
  } // the member's own peak over the recipe's
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')
    .slice(0, 16)
}

export const queuedSummary = (plan: RunPlan, nowMs: number): RunSummary => ({
  id: plan.runId,
  studyId: plan.studyId,
  memberId: plan.memberId,
  name: plan.name,
  state: 'queued',
  step: 0,
  steps: plan.member.steps,
  tokens: 0,
  parameters: plan.member.parameters,
  countedParameters: plan.member.countedParameters,
  seed: plan.seed,
  setting: settingOf(plan),
  ...(plan.origin ? { origin: plan.origin } : {}),
  flops: plan.member.flops[plan.recipe.flopsConvention],
  flopsPerToken: flopsPerToken(plan.member.shape, plan.recipe.flopsConvention),
  ...cooldownsOf(plan),
  loss: null,
  validationLoss: null,
  bestValidationLoss: null,
  tokensPerSecond: null,
  secondsLeft: plan.member.seconds,
  elapsedMs: 0,
  engine: plan.engine,
  device: null,
  peakBytes: null,
  createdMs: nowMs,
  finishedMs: null,
  checkpoints: [],
  message: null,
  ...(plan.systems === undefined ? {} : { systems: plan.systems }),
  ...(plan.torch === undefined ? {} : { torch: plan.torch }),
  ...(plan.recipe.precision === 'bf16' ? { precision: 'bf16' as const } : {}),
})
