// A system (CS-2): computes its rows with one layer's weights at a time while the next layer's arrive, forward and then
// backward.
import { blockBackward, blockForward, type KeptBlock } from '#main/core/engine/block.ts'
import { blockForm, embedForward, headLoss } from '#main/core/engine/embedding-and-head.ts'
import type { Ids, Kernels, Tensor } from '#main/core/engine/kernels.ts'
import { fabricPart } from './progress.ts'
import { bytesOf, layoutOf } from './layout.ts'
import { inboxName, outboxName, outboxPlaces, type Links } from './links.ts'
import type { FromPart, LayerTimes, PartBody, PartJob, Share, ToPart } from './messages.ts'
import { holdPass } from './pass-memory.ts'
import { createPasses, type PassMessage, type Until } from './passes.ts'
import { createResidents } from './residents.ts'

/** Takes over the kernels. `failed` is told what ends the system. */
export function createSystem(
  job: PartJob,
  k: Kernels,
  links: Links,
  send: (message: FromPart) => void,
  failed: (error: unknown) => void,
): PartBody {
  const { model, system } = job
  const layout = layoutOf(model.shape)
  const inbox = links.numbers(inboxName(system))
  const outbox = links.numbers(outboxName(system))
  const progress = links.progress(job)
  const passes = createPasses(progress, pass, failed)
  const residents = createResidents(k, model, layout, job.systemWeightBytes)

  async function pass({ run, share, contributors }: PassMessage, until: Until): Promise<void> {
    const times = layout.layers.map((): LayerTimes => ({ wait: 0, copy: 0, compute: 0 }))
    let taken = 0
    /** Waits for the next weights, moves them out of the inbox, and lets the ones after them come. */
    async function receive(): Promise<void> {
      const startMs = performance.now()
      await until(() => progress.done(fabricPart, 'weights', run) > taken)
      const copyMs = performance.now()
      const item = layout.weights[taken]
      residents.take(item, (into, from) => inbox.read(into, from))
      if (++taken < layout.weights.length) residents.expect(layout.weights[taken])
      progress.report('weights', run, taken)
      times[item.layer].wait += (copyMs - startMs) / 1000
      times[item.layer].copy += (performance.now() - copyMs) / 1000
    }
    let put = 0
    async function putGradients(layer: number): Promise<void> {
      while (layout.gradients[put]?.layer === layer) {
        await until(() => put < progress.done(fabricPart, 'gradients', run) + outboxPlaces)
        const place = (put % outboxPlaces) * layout.largestItem
        await residents.put(layout.gradients[put], (gradients, from) => outbox.write(gradients, place + from))
        progress.report('gradients', run, ++put)
      }
    }
    async function computing<T>(layer: number, work: () => T | Promise<T>): Promise<T> {
      const startMs = performance.now()
      const result = await work()
      times[layer].compute += (performance.now() - startMs) / 1000
      return result
    }

    residents.expect(layout.weights[0])
    const loss = share && share.rows > 0 ? await train(share) : await passBy()
    send({
      kind: 'passed',
      run,
      in: bytesOf(layout.weights),
      out: bytesOf(layout.gradients.slice(0, put)),
      loss,
      times,
      peakWeightBytes: residents.peakBytes(),
      memory: k.memory(),
    })

    /** The weights pass a system without rows by; while transfers are measured it hands in gradients all the same. */
    async function passBy(): Promise<number> {
      while (taken < layout.weights.length) await receive()
      if (contributors.includes(system))
        for (let layer = layout.layers.length - 1; layer >= 0; layer--) await putGradients(layer)
      return 0
    }
    async function train(rows: Share): Promise<number> {
      const held = holdPass()
      try {
        while (layout.weights[taken].layer === 0) await receive()
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
        await computing(0, () =>
          k.embeddingBackward(held.x!, ids, rows.columns, model.parametrisation.embeddingScale, g.tokens, g.positions),
        )
        await putGradients(0)
        return sum
      } finally {
        held.dispose()
      }
    }
  }

  return {
    take(message: ToPart) {
      if (message.kind === 'pass') passes.begin(message)
    },
    close() {
      passes.close()
      inbox.close()
      outbox.close()
      k.dispose()
    },
  }
}
