// The fabric (SwarmX): a tree with fan-out 4 that hands each layer's weights to every system and sums their gradients
// in a fixed order.
import { fabricFanOut } from '#shared/cluster/live.ts'
import { storePart, systemPart, type Payload } from './progress.ts'
import { bytesOf, layoutOf } from './layout.ts'
import { chunkBuffer, chunks, inboxName, outboxName, outboxPlaces, storeLinkPlaces, type Links } from './links.ts'
import type { FromPart, PartBody, PartJob, ToPart } from './messages.ts'
import { createPasses, type PassMessage, type Until } from './passes.ts'

/** `failed` is told what ends the fabric. */
export function createFabric(
  job: PartJob,
  links: Links,
  send: (message: FromPart) => void,
  failed: (error: unknown) => void,
): PartBody {
  const { model, systems } = job
  const layout = layoutOf(model.shape)
  const down = links.numbers('down')
  const up = links.numbers('up')
  const inboxes = Array.from({ length: systems }, (_, i) => links.numbers(inboxName(i)))
  const outboxes = Array.from({ length: systems }, (_, i) => links.numbers(outboxName(i)))
  const progress = links.progress(job)
  const passes = createPasses(progress, pass, failed)
  const everyone = inboxes.map((_, i) => i)
  /** A sum for every storey of the tree: whatever the number of systems. */
  const sums: Float32Array[] = [chunkBuffer()]

  /** Hands on all weights and sums all gradients, each as soon as it is there and there is room for it. */
  async function pass({ run, contributors }: PassMessage, until: Until): Promise<void> {
    const seconds: number[] = []
    let handed = 0
    let summed = 0
    const least = (all: readonly number[], payload: Payload) =>
      all.reduce((few, system) => Math.min(few, progress.done(systemPart(system), payload, run)), Infinity)
    const isToHand = () => handed < progress.done(storePart, 'weights', run) && handed <= least(everyone, 'weights')
    const isToSum = () =>
      summed < layout.gradients.length &&
      summed < least(contributors, 'gradients') &&
      summed < progress.done(storePart, 'gradients', run) + storeLinkPlaces
    while (handed < layout.weights.length || summed < layout.gradients.length) {
      await until(() => isToHand() || isToSum())
      if (isToHand()) {
        const startMs = performance.now()
        hand(layout.weights[handed].count, (handed % storeLinkPlaces) * layout.largestItem)
        progress.report('weights', run, ++handed)
        seconds.push((performance.now() - startMs) / 1000)
      }
      if (isToSum()) {
        sum(
          contributors,
          layout.gradients[summed].count,
          (summed % outboxPlaces) * layout.largestItem,
          (summed % storeLinkPlaces) * layout.largestItem,
        )
        progress.report('gradients', run, ++summed)
      }
    }
    const [weights, gradients] = [bytesOf(layout.weights), bytesOf(layout.gradients)]
    send({
      kind: 'carried',
      run,
      in: weights + contributors.length * gradients,
      out: systems * weights + gradients,
      seconds,
    })
  }

  function hand(count: number, place: number): void {
    for (const [from, weights] of chunks(0, count, sums[0])) {
      down.read(weights, place + from)
      for (const inbox of inboxes) inbox.write(weights, from)
    }
  }

  function sum(contributors: readonly number[], count: number, place: number, above: number): void {
    for (const [from, total] of chunks(0, count, sums[0])) {
      sumTree(contributors, total, place + from, 0)
      up.write(total, above + from)
    }
  }

  /**
   * Sums what lies below one node into `total`, four children in a row, each after the one before: the order depends on
   * their numbers alone.
   */
  function sumTree(leaves: readonly number[], total: Float32Array, place: number, depth: number): void {
    const below = Math.max(1, fabricFanOut ** (Math.ceil(Math.log(leaves.length) / Math.log(fabricFanOut) - 1e-9) - 1))
    for (let from = 0; from < leaves.length; from += below) {
      const child = leaves.slice(from, from + below)
      if (child.length === 1) {
        if (from === 0) outboxes[child[0]].read(total, place)
        else outboxes[child[0]].add(total, place)
      } else if (from === 0) sumTree(child, total, place, depth + 1)
      else {
        const part = (sums[depth + 1] ??= chunkBuffer()).subarray(0, total.length)
        sumTree(child, part, place, depth + 1)
        for (let i = 0; i < total.length; i++) total[i] += part[i]
      }
    }
  }

  return {
    take(message: ToPart) {
      if (message.kind === 'pass') passes.begin(message)
    },
    close() {
      passes.close()
      for (const link of [down, up, ...inboxes, ...outboxes]) link.close()
    },
  }
}
