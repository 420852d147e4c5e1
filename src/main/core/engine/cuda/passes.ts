// Passes of a training: one that the card ran before runs again as a CUDA graph, a single call of the driver instead of
// one a kernel. What changes between two passes of a form are ids, which lie where they lay and are written anew.
import type { Kernels } from '../kernels.ts'
import type { Passes, QueuePass } from '../passes.ts'
import type { Device } from './device.ts'
import type { Graph, Graphs } from './graphs.ts'
import type { CudaIds, CudaMemory, CudaTensor } from './memory.ts'

/** Forms of which ids and graph are kept: those of a batch that grows, or of one whose last part is smaller. */
const mostForms = 4

interface Recorded {
  graph: Graph
  /** Where the losses will lie. */
  losses: number
  /** Whether the memory of its passing tensors is free, and the lasting ones are those that it was recorded with. */
  isAsItWas(): boolean
  /** Forgets the copies in bf16 that only the graph would fill. */
  undo(): void
}

interface Met {
  ids: CudaIds
  targets: CudaIds
  recorded: Recorded | null
}

export function passKernels({ graphs }: Device, memory: CudaMemory): Pick<Kernels, 'passes'> {
  return graphs ? { passes: (queue) => createPasses(graphs, memory, queue) } : {}
}

function createPasses(graphs: Graphs, memory: CudaMemory, queuePass: QueuePass): Passes {
  const met = new Map<string, Met>() // the last used last

  function forget(key: string): void {
    const { ids, targets, recorded } = met.get(key)!
    met.delete(key)
    recorded?.graph.dispose()
    ids.dispose()
    targets.dispose()
  }
  function record(queue: () => CudaTensor): Recorded | null {
    let graph: Graph | null = null
    let losses = 0
    let thrown: { error: unknown } | null = null
    const { isAsItWas, undo } = memory.watch(() => {
      try {
        graph = graphs.record(() => {
          const tensor = queue()
          losses = tensor.address
          tensor.dispose()
        })
      } catch (error) {
        thrown = { error }
      }
    })
    if (graph) return { graph, losses, isAsItWas, undo }
    undo()
    if (thrown) throw (thrown as { error: unknown }).error
    return null
  }
  return {
    async run(form, inputs, targets) {
      const key = Object.values(form).join(' ')
      let known = met.get(key)
      const isNew = !known
      if (known) {
        met.delete(key)
        memory.rewrite(known.ids, inputs)
        memory.rewrite(known.targets, targets)
      } else {
        if (met.size === mostForms) forget([...met.keys()][0])
        known = { ids: memory.ids(inputs), targets: memory.ids(targets), recorded: null }
      }
      met.set(key, known)
      const queue = () => memory.tensorOf(queuePass(known.ids, known.targets, form))
      if (known.recorded && !known.recorded.isAsItWas()) {
        known.recorded.graph.dispose()
        known.recorded = null
      }
      // Not the first time: kernels are loaded then, ids uploaded, and many a form never comes again.
      if (!isNew) known.recorded ??= record(queue)
      if (known.recorded?.graph.launch()) {
        const losses = new Float32Array(inputs.length)
        memory.download(losses, known.recorded.losses)
        return losses
      }
      known.recorded?.undo()
      const losses = queue()
      const data = memory.read(losses)
      losses.dispose()
      return data
    },
    dispose() {
      for (const key of [...met.keys()]) forget(key)
    },
  }
}
