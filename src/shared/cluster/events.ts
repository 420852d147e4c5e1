// A pipeline's schedule as events: every forward and backward of every chunk, when it starts and ends. Closed forms are
// tested against it.
import type { GpuPlan } from './plan.ts'

export interface PipelineEvent {
  stage: number
  kind: 'forward' | 'backward'
  microBatch: number
  chunk: number
  start: number
  end: number
}

/** Seconds of one chunk on each stage, forward and backward. */
export interface ChunkTimes {
  forward: readonly number[]
  backward: readonly number[]
}

interface Task {
  kind: 'forward' | 'backward'
  microBatch: number
  chunk: number
}

/** The order in which one stage works. */
function stageOrder(
  stage: number,
  microBatches: number,
  { pipeline, interleave, schedule }: Pick<GpuPlan, 'pipeline' | 'interleave' | 'schedule'>,
): Task[] {
  const total = microBatches * interleave
  const forward = (i: number): Task => ({ kind: 'forward', ...place(i, pipeline, interleave) })
  const backward = (i: number): Task => {
    const { microBatch, chunk } = place(i, pipeline, interleave)
    return { kind: 'backward', microBatch, chunk: interleave - 1 - chunk }
  }
  const order: Task[] = []
  if (schedule === 'gpipe') {
    for (let i = 0; i < total; i++) order.push(forward(i))
    for (let i = total - 1; i >= 0; i--) order.push({ ...forward(i), kind: 'backward' })
    return order
  }
  const warm =
    interleave === 1
      ? Math.min(total, pipeline - stage - 1)
      : Math.min(total, 2 * (pipeline - stage - 1) + (interleave - 1) * pipeline)
  for (let i = 0; i < warm; i++) order.push(forward(i))
  for (let i = warm; i < total; i++) order.push(forward(i), backward(i - warm))
  for (let i = total - warm; i < total; i++) order.push(backward(i))
  return order
}

/** Interleaved: groups of `pipeline` micro-batches pass through one chunk after the other. */
function place(i: number, pipeline: number, interleave: number): { microBatch: number; chunk: number } {
  if (interleave === 1) return { microBatch: i, chunk: 0 }
  const round = pipeline * interleave
  return { microBatch: Math.floor(i / round) * pipeline + (i % pipeline), chunk: Math.floor((i % round) / pipeline) }
}

/**
 * Runs the schedule: a task starts when its stage is free and what it needs has come, `sendSeconds` after it was made.
 * Events by start.
 */
export function pipelineEvents(
  times: ChunkTimes,
  microBatches: number,
  plan: Pick<GpuPlan, 'pipeline' | 'interleave' | 'schedule'>,
  sendSeconds = 0,
): PipelineEvent[] {
  const { pipeline, interleave } = plan
  const orders = Array.from({ length: pipeline }, (_, stage) => stageOrder(stage, microBatches, plan))
  const next = new Array<number>(pipeline).fill(0)
  const free = new Array<number>(pipeline).fill(0)
  const places = pipeline * interleave
  const ends = {
    forward: new Float64Array(places * microBatches).fill(-1),
    backward: new Float64Array(places * microBatches).fill(-1),
  }
  const events: PipelineEvent[] = []
  // depth: how far through the model, chunk x p + stage
  const at = (depth: number, microBatch: number) => depth * microBatches + microBatch
  for (let isMoving = true; isMoving;) {
    isMoving = false
    for (let stage = 0; stage < pipeline; stage++) {
      for (let task = orders[stage][next[stage]]; task; task = orders[stage][next[stage]]) {
        const depth = task.chunk * pipeline + stage
        const ready = readyAt(task, depth)
        if (ready < 0) break
        const start = Math.max(free[stage], ready)
        const end = start + times[task.kind][stage]
        ends[task.kind][at(depth, task.microBatch)] = end
        free[stage] = end
        events.push({ stage, ...task, start, end })
        next[stage]++
        isMoving = true
      }
    }
  }
  if (next.some((done, stage) => done < orders[stage].length))
    throw new Error(
      `the schedule waits for itself: ${next.join(', ')} of ${orders.map((order) => order.length).join(', ')} tasks done`,
    )
  return events.sort((a, b) => a.start - b.start || a.stage - b.stage)

  /** -1 when what the task needs is not there yet. */
  function readyAt({ kind, microBatch }: Task, depth: number): number {
    if (kind === 'forward') {
      if (depth === 0) return 0
      const end = ends.forward[at(depth - 1, microBatch)]
      return end < 0 ? -1 : end + sendSeconds
    }
    if (depth === places - 1) return ends.forward[at(depth, microBatch)]
    const end = ends.backward[at(depth + 1, microBatch)]
    return end < 0 ? -1 : Math.max(end + sendSeconds, ends.forward[at(depth, microBatch)])
  }
}
