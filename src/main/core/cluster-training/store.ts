// The weight store (MemoryX): fp32 weights and AdamW state; sends weights layer by layer, gathers summed gradients,
// updates, commits.
import type { AdamSettings } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { clipScale } from '#main/core/engine/gpt.ts'
import type { Kernels, Parameter } from '#main/core/engine/kernels.ts'
import { partReader, partWriter } from '#main/core/engine/tensor-parts.ts'
import { fabricPart } from './progress.ts'
import { bytesOf, layoutOf, type Item } from './layout.ts'
import { chunkBuffer, chunks, storeLinkPlaces, type Links } from './links.ts'
import type { FromPart, PartBody, PartJob, ToPart } from './messages.ts'
import { createPasses, type PassMessage, type Until } from './passes.ts'
import { openStateFile } from './state-file.ts'
import { stateKinds } from './state-layout.ts'

/** One parameter, where it lies in the row, and how its numbers come and go. */
interface Kept extends Parameter {
  offset: number
  count: number
  /** Of its new state, in the order of `stateKinds`. */
  readState: ReturnType<typeof partReader>[]
  readGradient: ReturnType<typeof partReader>
  writeGradient: ReturnType<typeof partWriter>
}

/** Begins with what was committed last; takes over the kernels. `failed` is told what ends the store. */
export function createStore(
  job: PartJob,
  k: Kernels,
  links: Links,
  send: (message: FromPart) => void,
  failed: (error: unknown) => void,
): PartBody {
  const { model } = job
  const layout = layoutOf(model.shape)
  const state = openStateFile(links, layout)
  const down = links.numbers('down')
  const up = links.numbers('up')
  const progress = links.progress(job)
  const passes = createPasses(progress, pass, failed)
  const buffer = chunkBuffer()
  const parameters = layout.parameters.map(({ name, shape, kind, decays, offset, count }): Kept => {
    const [value, firstMoment, secondMoment] = stateKinds.map((of) => k.tensor(shape, state.read(of, offset, count)))
    const gradient = k.tensor(shape)
    return {
      name,
      offset,
      count,
      decays,
      learningRateScale: model.parametrisation.learningRateScale[kind],
      value,
      gradient,
      firstMoment,
      secondMoment,
      readState: [value, firstMoment, secondMoment].map((tensor) => partReader(k, tensor)),
      readGradient: partReader(k, gradient),
      writeGradient: partWriter(k, gradient),
    }
  })

  /** Sends all weights and gathers all gradients, each as soon as there is something to do and room for it. */
  async function pass({ run, isFirst }: PassMessage, until: Until): Promise<void> {
    const { step } = state.committed()
    const seconds: number[] = []
    let sent = 0
    let gathered = 0
    const isRoom = () =>
      sent < layout.weights.length && sent < progress.done(fabricPart, 'weights', run) + storeLinkPlaces
    const isSummed = () => gathered < progress.done(fabricPart, 'gradients', run)
    while (sent < layout.weights.length || gathered < layout.gradients.length) {
      await until(() => isRoom() || isSummed())
      if (isRoom()) {
        const startMs = performance.now()
        putDown(step, layout.weights[sent], (sent % storeLinkPlaces) * layout.largestItem)
        progress.report('weights', run, ++sent)
        seconds.push((performance.now() - startMs) / 1000)
      }
      if (isSummed()) {
        await gather(layout.gradients[gathered], (gathered % storeLinkPlaces) * layout.largestItem, isFirst)
        progress.report('gradients', run, ++gathered)
      }
    }
    send({ kind: 'carried', run, in: bytesOf(layout.gradients), out: bytesOf(layout.weights), seconds })
  }

  function putDown(step: number, { offset, count }: Item, place: number): void {
    for (const [from, weights] of chunks(0, count, buffer)) {
      state.copy(step, 'parameters', offset + from, weights)
      down.write(weights, place + from)
    }
  }

  async function gather(item: Item, place: number, isFirst: boolean): Promise<void> {
    for (const { offset, count, readGradient, writeGradient } of parameters) {
      const begin = Math.max(offset, item.offset)
      for (const [from, sum] of chunks(begin, Math.min(offset + count, item.offset + item.count), buffer)) {
        if (isFirst) up.read(sum, place + from - item.offset)
        else {
          await readGradient(from - offset, sum)
          up.add(sum, place + from - item.offset)
        }
        writeGradient(from - offset, sum)
      }
    }
  }

  /** As gpt.ts updates; the result is written beside the old state before it counts. */
  async function update(step: number, learningRate: number, adam: AdamSettings): Promise<void> {
    const startMs = performance.now()
    const last = state.committed()
    if (step !== last.step + 1) throw new Error(`update ${step} cannot follow ${last.step}`)
    const norm = await k.globalNorm(parameters)
    if (!Number.isFinite(norm))
      throw new Fault(
        'diverged',
        `The gradient became ${norm} after ${last.step} updates. A lower learning rate usually helps.`,
      )
    const { beta1, beta2, epsilon, weightDecay } = adam
    k.adamW(parameters, {
      learningRate,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      update: step,
      gradientScale: clipScale(norm, adam),
    })
    for (const { readState, offset, count } of parameters) {
      for (const [i, read] of readState.entries()) {
        for (const [from, values] of chunks(0, count, buffer)) {
          await read(from, values)
          state.prepare(step, stateKinds[i], offset + from, values)
        }
      }
    }
    state.commit({ step, norm })
    send({ kind: 'updated', step, norm, seconds: (performance.now() - startMs) / 1000, memory: k.memory() })
  }

  return {
    take(message: ToPart) {
      if (message.kind === 'pass') passes.begin(message)
      else passes.after(() => update(message.step, message.learningRate, message.adam))
    },
    close() {
      passes.close()
      state.close()
      down.close()
      up.close()
      k.dispose()
    },
  }
}
