// A plan's schedule event by event, from the same stage times as its estimate.
import { calibration } from './calibration.ts'
import { stepTime } from './estimate.ts'
import { pipelineEvents, type PipelineEvent } from './events.ts'
import type { GpuMachine } from './machine.ts'
import { checkPlan, microBatches, type GpuPlan } from './plan.ts'
import { stageLayers } from './stages.ts'
import type { ClusterModel } from './transformer.ts'

/** At most this many micro-batches are drawn: the middle of a long step repeats itself. */
const drawn = 64

export function gpuTimeline(model: ClusterModel, plan: GpuPlan, machine: GpuMachine): PipelineEvent[] {
  checkPlan(model, plan, machine)
  const { times } = stepTime(model, plan, machine, stageLayers(model, plan), calibration)
  const chunk = (seconds: readonly number[]) => seconds.map((one) => one / plan.interleave)
  const m = microBatches(plan)
  const whole = plan.interleave > 1 ? Math.max(plan.pipeline, drawn - (drawn % plan.pipeline)) : drawn
  return pipelineEvents({ forward: chunk(times.forward), backward: chunk(times.backward) }, Math.min(m, whole), plan)
}
