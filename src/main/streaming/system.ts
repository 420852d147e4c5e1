// A system (CS-2): computes its rows with one layer's weights at a time while the next layer's arrive, forward and then backward.
import { blockBackward, blockForward, type KeptBlock } from '#main/engine/block.ts'
import { blockForm, embedForward, headLoss } from '#main/engine/ends.ts'
import type { Ids, Kernels, Tensor } from '#main/engine/kernels.ts'
import { bytesANumber, layoutOf, type Item } from './layout.ts'
import { inboxName, openLink, outboxName, outboxPlaces } from './links.ts'
import type { FromPart, LayerTimes, PartBody, PartJob, Share, ToPart } from './messages.ts'
import { holdPass } from './pass-memory.ts'
import { createResidents } from './residents.ts'

type PassMessage = Extract<ToPart, { kind: 'pass' }>

/** The pass was begun anew: what belongs to the old one is dropped. */
class Superseded extends Error {}

/** Takes over the kernels. `failed` hears of what ends the system. */
export function createSystem(job: PartJob, k: Kernels, send: (message: FromPart) => void, failed: (error: unknown) => void): PartBody {
  const { model, folder, system } = job
  const layout = layoutOf(model.shape)
  const inbox = openLink(folder, inboxName(system))
  const outbox = openLink(folder, outboxName(system))
  const residents = createResidents(k, model, layout, job.systemWeightBytes)
  let last = 0
  /** Items that lie in the inbox or did, and gradients that the fabric has taken. */
  let arrived = 0
  let summed = 0
  let wake: () => void = () => undefined
  let working: Promise<void> = Promise.resolve()

  async function pass({ run, share }: PassMessage): Promise<void> {
    const times = layout.layers.map((): LayerTimes => ({ wait: 0, copy: 0, compute: 0 }))
    const until = async (isTrue: () => boolean) => {
      for (;;) {
        if (run !== last) throw new Superseded()
        if (isTrue()) return
        await new Promise<void>((resolve) => { wake = resolve })
      }
    }
    let next = 0
    /** Waits for the next weights, moves them out of the inbox, and lets the ones after them come. */
    async function receive(): Promise<Item> {
      const startMs = performance.now()
      await until(() => arrived > next)
      const copyMs = performance.now()
      const item = layout.weights[next]
      residents.take(item, (from, buffer) => inbox.read(buffer, from))
      const endMs = performance.now()
      times[item.layer].wait += (copyMs - startMs) / 1000
      times[item.layer].copy += (endMs - copyMs) / 1000
      if (next + 1 < layout.weights.length) residents.expect(layout.weights[next + 1])
      send({ kind: 'taken', run, item: next, in: item.count * bytesANumber, out: 0, seconds: (endMs - copyMs) / 1000 })
      next++
      // What was just told goes out before the kernels take this thread.
      await new Promise<void>((resolve) => setImmediate(resolve))
      return item
    }
    let put = 0
    async function putGradients(layer: number): Promise<void> {
      const values = await residents.readGradients(layer)
      for (; put < layout.gradients.length && layout.gradients[put].layer === layer; put++) {
        const item = put
        await until(() => item < summed + outboxPlaces)
        const startMs = performance.now()
        const { offset, count } = layout.gradients[item]
        const from = offset - layout.layers[layer].offset
        outbox.write(values.subarray(from, from + count), (item % outboxPlaces) * layout.largestItem)
        send({ kind: 'gradient', run, item, in: 0, out: count * bytesANumber, seconds: (performance.now() - startMs) / 1000 })
      }
    }
    async function computing<T>(layer: number, work: () => T | Promise<T>): Promise<T> {
      const startMs = performance.now()
      const result = await work()
      times[layer].compute += (performance.now() - startMs) / 1000
      return result
    }

    residents.expect(layout.weights[0])
    const loss = share && share.rows > 0 ? await train(share) : await look()
    send({ kind: 'passed', run, loss, times, peakWeightBytes: residents.peakBytes(), peakBytes: k.memory().peakBytes })

    /** A system without rows has nothing to add: the weights pass it by. */
    async function look(): Promise<number> {
      while (next < layout.weights.length) await receive()
      return 0
    }
    async function train(rows: Share): Promise<number> {
      const held = holdPass()
      try {
        while (layout.weights[next].layer === 0) await receive()
        const form = blockForm(model, rows.rows, rows.columns)
        const { weights: w, gradients: g } = residents
        const ids: Ids = held.keep(k.ids(rows.inputs))
        const targets: Ids = held.keep(k.ids(rows.targets))
        const kept: KeptBlock[] = held.blocks
        held.x = await computing(0, () => embedForward(k, w, ids, rows.columns, model))
        for (let layer = 1; layer < layout.layers.length; layer++) {
          await receive()
          const x: Tensor = held.release()!
          const step = await computing(layer, () => blockForward(k, w.blocks[0], x, form))
          kept.push(step.kept)
          held.x = step.output
        }
        let sum = 0
        await computing(0, async () => {
          residents.clearGradients(0)
          const { losses, dx } = headLoss(k, w, g, held.release()!, targets, rows.gradientScale, model)
          held.x = dx
          for (const loss of await k.read(losses)) sum += loss
          losses.dispose()
        })
        for (let layer = layout.layers.length - 1; layer > 0; layer--) {
          await receive()
          await computing(layer, () => {
            residents.clearGradients(layer)
            held.x = blockBackward(k, w.blocks[0], g.blocks[0], held.release()!, kept.pop()!, form)
          })
          await putGradients(layer)
        }
        await computing(0, () => k.embeddingBackward(held.x!, ids, rows.columns, model.parametrisation.embeddingScale, g.tokens, g.positions))
        await putGradients(0)
        return sum
      } finally {
        held.dispose()
      }
    }
  }

  return {
    take(message) {
      if (message.kind === 'update') return
      if (message.kind === 'pass') {
        last = message.run
        arrived = summed = 0
        working = working.then(() => pass(message)).catch((error) => {
          if (!(error instanceof Superseded)) failed(error)
        })
      } else if (message.run === last) {
        if (message.kind === 'weights') arrived = message.item + 1
        if (message.kind === 'summed') summed = message.item + 1
      }
      wake()
    },
    close() {
      inbox.close()
      outbox.close()
      k.dispose()
    },
  }
}
