// What the protocol's arithmetic says of a live run, to stand beside what was measured.
import type { StreamingStep } from '#shared/cluster/live.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Curve } from '../../../curves/curve.ts'

export interface Beside {
  name: string
  measured: number
  predicted: number
  as: 'bytes' | 'tokensPerSecond'
  hint: string
}

/**
 * Weights of 4 bytes: blocks leave the store twice a step, embeddings once, since systems keep them; every gradient
 * comes back once.
 */
export function predictedTraffic(plan: Pick<MemberPlan, 'shape' | 'parameters'>): { out: number; in: number } {
  const { layers, width } = plan.shape
  const blocks = layers * (12 * width ** 2 + 13 * width)
  return { out: 4 * (2 * blocks + (plan.parameters - blocks)), in: 4 * plan.parameters }
}

/**
 * Seconds of a step: as this machine's measured speed promises the plain trainer, and every transfer on top, since
 * systems and links share its cores.
 */
function predictedStepSeconds(
  step: Pick<StreamingStep, 'bytes' | 'transferSeconds'>,
  plan: Pick<MemberPlan, 'shape' | 'parameters' | 'steps' | 'seconds'>,
): number | null {
  const passes = step.bytes.storeIn / predictedTraffic(plan).in
  return plan.seconds && step.transferSeconds !== undefined
    ? plan.seconds / plan.steps + passes * step.transferSeconds
    : null
}

/** `tokensPerSecond`: measured over the last steps. */
export function beside(
  step: StreamingStep,
  plan: Pick<MemberPlan, 'shape' | 'parameters' | 'tokens' | 'steps' | 'seconds'>,
  tokensPerSecond: number | null,
): Beside[] {
  const traffic = predictedTraffic(plan)
  const rows: Beside[] = [
    {
      name: 'Streamed per step',
      measured: step.bytes.storeOut,
      predicted: traffic.out,
      as: 'bytes',
      hint: 'Blocks twice per step and embeddings once, 4 bytes per weight, whatever the number of systems',
    },
    {
      name: 'Gradients returned per step',
      measured: step.bytes.storeIn,
      predicted: traffic.in,
      as: 'bytes',
      hint: 'Every gradient once, summed on the way, 4 bytes each',
    },
  ]
  const seconds = predictedStepSeconds(step, plan)
  if (tokensPerSecond && seconds) {
    rows.push({
      name: 'Speed',
      measured: tokensPerSecond,
      predicted: plan.tokens / plan.steps / seconds,
      as: 'tokensPerSecond',
      hint: 'Predicted from the measured speed of this machine and from a pass without computing before the first step: here the systems and their links share the same cores',
    })
  }
  return rows
}

/** Largest relative difference of two runs' losses over the steps that both have; null without any. */
export function largestDifference(a: Curve | null, b: Curve | null): number | null {
  const shared = Math.min(a?.length ?? 0, b?.length ?? 0)
  if (!a || !b || shared === 0) return null
  let most = 0
  for (let i = 0; i < shared; i++) {
    if (a.columns.step[i] !== b.columns.step[i]) return null
    most = Math.max(most, Math.abs(a.columns.loss[i] / b.columns.loss[i] - 1))
  }
  return most
}

/**
 * Nodes of the fabric's tree level by level, from the one below the store to those above the systems: each serves at
 * most `fanOut`.
 */
export function fabricLevels(systems: number, fanOut: number): number[] {
  const levels: number[] = []
  for (let width = Math.ceil(systems / fanOut); ; width = Math.ceil(width / fanOut)) {
    levels.unshift(width)
    if (width <= 1) return levels
  }
}
