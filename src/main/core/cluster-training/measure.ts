// From what the processes measured in the passes of one step to the record of that step.
import type { StreamedLayer, StreamingStep } from '#shared/cluster/live.ts'
import type { Passed, Updated } from './cluster.ts'
import { bytesANumber, type Layout } from './layout.ts'

export interface MeasuredStep {
  step: number
  loss: number
  passes: readonly Passed[]
  updated: Pick<Updated, 'seconds'>
  stepSeconds: number
  systemWeightBytes: number
  systemsAlive: number
  faults: number
  transferSeconds: number
}

export function streamingStep({ passes, updated, ...step }: MeasuredStep, layout: Layout): StreamingStep {
  const systems = passes[0].systems.map((_, i) =>
    passes.reduce((sum, { systems: all }) => ({ in: sum.in + all[i].in, out: sum.out + all[i].out }), {
      in: 0,
      out: 0,
    }),
  )
  const sum = (of: (passed: Passed) => number) => passes.reduce((total, passed) => total + of(passed), 0)
  const layers = passes.map((passed) => layersOf(passed, layout)).reduce(added)
  const received = layers.reduce((total, { receiveSeconds }) => total + receiveSeconds, 0)
  const hidden = layers.reduce((total, { hiddenSeconds }) => total + hiddenSeconds, 0)
  return {
    ...step,
    bytes: {
      storeOut: sum(({ store }) => store.out),
      storeIn: sum(({ store }) => store.in),
      fabricOut: sum(({ fabric }) => fabric.out),
      fabricIn: sum(({ fabric }) => fabric.in),
      systems,
    },
    residentWeightBytes: passes[passes.length - 1].systems.map(({ peakWeightBytes }) => peakWeightBytes),
    modelBytes: layout.count * bytesANumber,
    layers,
    updateSeconds: updated.seconds,
    overlap: received > 0 ? hidden / received : 0,
  }
}

/**
 * On the system that computed longest. What of a transfer was neither waited for nor copied by the system itself was
 * hidden.
 */
function layersOf({ systems, sending }: Passed, layout: Layout): StreamedLayer[] {
  const computed = systems.map(({ times }) => times.reduce((sum, { compute }) => sum + compute, 0))
  const { times } = systems[computed.indexOf(Math.max(...computed))]
  return layout.layers.map(({ name }, layer) => {
    const sent = layout.weights.reduce((sum, item, i) => (item.layer === layer ? sum + sending[i] : sum), 0)
    const { wait, copy, compute } = times[layer]
    const receiveSeconds = sent + copy
    return { name, receiveSeconds, computeSeconds: compute, hiddenSeconds: Math.max(0, receiveSeconds - wait - copy) }
  })
}

const added = (a: StreamedLayer[], b: StreamedLayer[]): StreamedLayer[] =>
  a.map((one, i) => ({
    name: one.name,
    receiveSeconds: one.receiveSeconds + b[i].receiveSeconds,
    computeSeconds: one.computeSeconds + b[i].computeSeconds,
    hiddenSeconds: one.hiddenSeconds + b[i].hiddenSeconds,
  }))
