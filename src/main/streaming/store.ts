// The weight store (MemoryX): fp32 weights and AdamW state; sends weights layer by layer, gathers summed gradients, updates, commits.
import type { AdamSettings } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { clipScale } from '#main/engine/gpt.ts'
import type { Kernels, Parameter } from '#main/engine/kernels.ts'
import { partReader } from '#main/engine/tensor-parts.ts'
import { bytesANumber, layoutOf } from './layout.ts'
import { openLink, storeLinkPlaces } from './links.ts'
import type { FromPart, PartBody, PartJob, ToPart } from './messages.ts'
import { openStateFile, type StateKind } from './state-file.ts'

/** One parameter, where it lies in the row, and how its new state is read. */
interface Kept extends Parameter {
  offset: number
  count: number
  readers: { kind: StateKind; read: ReturnType<typeof partReader> }[]
}

/** Numbers copied at once. */
const piece = 65_536

/** Begins with what was committed last; takes over the kernels. */
export function createStore({ model, folder }: PartJob, k: Kernels, send: (message: FromPart) => void): PartBody {
  const layout = layoutOf(model.shape)
  const state = openStateFile(folder, layout)
  const down = openLink(folder, 'down')
  const up = openLink(folder, 'up')
  const weights = state.read('parameters', 0, layout.count)
  const gradients = new Float32Array(layout.count)
  const arrival = new Float32Array(layout.largestItem)
  const passing = new Float32Array(piece)
  const parameters = layout.parameters.map(({ name, shape, kind, decays, offset, count }): Kept => {
    const value = k.tensor(shape, weights.slice(offset, offset + count))
    const firstMoment = k.tensor(shape, state.read('firstMoments', offset, count))
    const secondMoment = k.tensor(shape, state.read('secondMoments', offset, count))
    const readers = [
      { kind: 'parameters' as const, read: partReader(k, value) },
      { kind: 'firstMoments' as const, read: partReader(k, firstMoment) },
      { kind: 'secondMoments' as const, read: partReader(k, secondMoment) },
    ]
    return { name, offset, count, decays, learningRateScale: model.parametrisation.learningRateScale[kind], value, gradient: k.tensor(shape), firstMoment, secondMoment, readers }
  })
  let run = 0
  let isFirst = true
  let sent = 0
  let taken = 0

  function sendWeights(): void {
    while (sent < layout.weights.length && sent < taken + storeLinkPlaces) {
      const startMs = performance.now()
      const { offset, count } = layout.weights[sent]
      down.write(weights.subarray(offset, offset + count), (sent % storeLinkPlaces) * layout.largestItem)
      send({ kind: 'weights', run, item: sent, in: 0, out: count * bytesANumber, seconds: (performance.now() - startMs) / 1000 })
      sent++
    }
  }

  function gather(item: number): void {
    const startMs = performance.now()
    const { offset, count } = layout.gradients[item]
    const place = (item % storeLinkPlaces) * layout.largestItem
    if (isFirst) up.read(gradients.subarray(offset, offset + count), place)
    else {
      const sum = arrival.subarray(0, count)
      up.read(sum, place)
      for (let i = 0; i < count; i++) gradients[offset + i] += sum[i]
    }
    send({ kind: 'summed', run, item, in: count * bytesANumber, out: 0, seconds: (performance.now() - startMs) / 1000 })
  }

  /** As gpt.ts updates; the result is written beside the old state before it counts. An update that is committed already is only reported. */
  async function update(step: number, learningRate: number, adam: AdamSettings): Promise<void> {
    const startMs = performance.now()
    const last = state.committed()
    if (step !== last.step + 1) throw new Error(`update ${step} cannot follow ${last.step}`)
    for (const { gradient, offset, count } of parameters) k.write(gradient, gradients.subarray(offset, offset + count))
    const norm = await k.globalNorm(parameters)
    if (!Number.isFinite(norm)) throw new Fault('diverged', `The gradient became ${norm} after ${last.step} updates. A lower learning rate usually helps.`)
    const { beta1, beta2, epsilon, weightDecay } = adam
    k.adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update: step, gradientScale: clipScale(norm, adam) })
    for (const { readers, offset, count } of parameters) {
      // A piece at a time: it is written while it still lies in the cache.
      for (let from = 0; from < count; from += piece) {
        const size = Math.min(piece, count - from)
        for (const { kind, read } of readers) {
          const values = kind === 'parameters' ? weights.subarray(offset + from, offset + from + size) : passing.subarray(0, size)
          await read(from, values)
          state.prepare(step, kind, offset + from, values)
        }
      }
    }
    state.commit({ step, norm })
    send({ kind: 'updated', step, norm, seconds: (performance.now() - startMs) / 1000, peakBytes: k.memory().peakBytes })
  }

  return {
    take(message: ToPart) {
      if (message.kind === 'update') return update(message.step, message.learningRate, message.adam)
      if (message.kind === 'pass') {
        ({ run, isFirst } = message)
        sent = taken = 0
        sendWeights()
      }
      if (message.run !== run) return undefined
      if (message.kind === 'taken') {
        taken = message.item + 1
        sendWeights()
      }
      if (message.kind === 'gradient') gather(message.item)
      return undefined
    },
    close() {
      state.close()
      down.close()
      up.close()
      k.dispose()
    },
  }
}
