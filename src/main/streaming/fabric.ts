// The fabric (SwarmX): a tree with fan-out 4 that hands each layer's weights to every system and sums their gradients in a fixed order.
import { fabricFanOut } from '#shared/cluster/live.ts'
import { bytesANumber, layoutOf } from './layout.ts'
import { chunkNumbers, inboxName, inChunks, openLink, outboxName, outboxPlaces, storeLinkPlaces } from './links.ts'
import type { FromPart, PartBody, PartJob, ToPart } from './messages.ts'

export function createFabric({ model, folder, systems }: PartJob, send: (message: FromPart) => void): PartBody {
  const layout = layoutOf(model.shape)
  const down = openLink(folder, 'down')
  const up = openLink(folder, 'up')
  const inboxes = Array.from({ length: systems }, (_, i) => openLink(folder, inboxName(i)))
  const outboxes = Array.from({ length: systems }, (_, i) => openLink(folder, outboxName(i)))
  /** One sum for every storey of the tree, and one addend: whatever the number of systems. */
  const sums: Float32Array[] = []
  let run = 0
  let contributors: number[] = []
  /** Items that lie on the store's link, that all inboxes have room for, and that were handed on. */
  let arrived = 0
  let freed = 0
  let handed = 0
  /** Gradients that all systems have put out, that the store has taken, and that were summed. */
  let put = 0
  let stored = 0
  let summed = 0

  function hand(): void {
    while (handed < arrived && handed <= freed) {
      const startMs = performance.now()
      const { count } = layout.weights[handed]
      const place = (handed % storeLinkPlaces) * layout.largestItem
      inChunks(count, (from, weights) => {
        down.read(weights, place + from)
        for (const inbox of inboxes) inbox.write(weights, from)
      })
      const bytes = count * bytesANumber
      send({ kind: 'weights', run, item: handed, in: bytes, out: systems * bytes, seconds: (performance.now() - startMs) / 1000 })
      handed++
    }
  }

  function sum(): void {
    while (summed < put && summed < stored + storeLinkPlaces) {
      const startMs = performance.now()
      const { count } = layout.gradients[summed]
      const place = (summed % outboxPlaces) * layout.largestItem
      const above = (summed % storeLinkPlaces) * layout.largestItem
      inChunks(count, (from, { length }) => {
        up.write(sumTree(contributors, length, 0, (system, into) => outboxes[system].read(into, place + from)), above + from)
      })
      const bytes = count * bytesANumber
      send({ kind: 'summed', run, item: summed, in: contributors.length * bytes, out: bytes, seconds: (performance.now() - startMs) / 1000 })
      summed++
    }
  }

  /** Sums the leaves below one node, four children in a row, each after the one before: the order depends on their numbers alone. */
  function sumTree(leaves: readonly number[], count: number, depth: number, read: (leaf: number, into: Float32Array) => void): Float32Array {
    const total = (sums[depth] ??= new Float32Array(chunkNumbers)).subarray(0, count)
    if (leaves.length === 1) {
      read(leaves[0], total)
      return total
    }
    const below = Math.max(1, fabricFanOut ** (Math.ceil(Math.log(leaves.length) / Math.log(fabricFanOut) - 1e-9) - 1))
    for (let from = 0; from < leaves.length; from += below) {
      const child = sumTree(leaves.slice(from, from + below), count, depth + 1, read)
      if (from === 0) total.set(child)
      else for (let i = 0; i < count; i++) total[i] += child[i]
    }
    return total
  }

  return {
    take(message: ToPart) {
      if (message.kind === 'pass') {
        ({ run, contributors } = message)
        arrived = freed = handed = put = stored = summed = 0
        return
      }
      if (message.kind === 'update' || message.run !== run) return
      if (message.kind === 'weights') arrived = message.item + 1
      if (message.kind === 'taken') freed = message.item + 1
      if (message.kind === 'gradient') put = message.item + 1
      if (message.kind === 'summed') stored = message.item + 1
      hand()
      sum()
    },
    close() {
      for (const link of [down, up, ...inboxes, ...outboxes]) link.close()
    },
  }
}
