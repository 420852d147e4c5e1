// Kernels recorded as a CUDA graph, which the card runs again as one piece: their arguments are frozen in it.
import type { Driver } from './driver.ts'

export interface Graph {
  /** Queues all of it; false where the driver would not, and nothing was queued. */
  launch(): boolean
  dispose(): void
}

export interface Graphs {
  /** Where kernels are queued: on the stream that is being recorded, or on the one of all others, 0. */
  readonly stream: number
  /** Whether what is queued now is lost, since its recording was given up. */
  readonly isLosing: boolean
  /** Records what `work` queues, of which nothing runs; null where the recording was given up. */
  record(work: () => void): Graph | null
  /** Gives up the recording that is going on, if one is. */
  abandon(): void
  /** The same because the driver would not: no other is tried. False where nothing was being recorded. */
  fail(): boolean
  dispose(): void
}

/** CU_STREAM_CAPTURE_MODE_RELAXED: memory may be allocated meanwhile, and is the recording's own as any other. */
const relaxed = 2

/** Null where the driver records nothing. */
export function createGraphs(driver: Driver): Graphs | null {
  const { graphs } = driver
  if (!graphs) return null
  const out: [number] = [0]
  /** Ordered with stream 0 as CU_STREAM_DEFAULT is: each waits for what was queued on the other before. */
  if (graphs.cuStreamCreate(out, 0) !== 0) return null
  const own = Number(out[0])
  let state: 'idle' | 'recording' | 'given up' = 'idle'
  let isRefused = false

  /** The recorded graph's handle, 0 where there is none. */
  function end(): number {
    const handle: [number] = [0]
    return graphs!.cuStreamEndCapture(own, handle) === 0 ? Number(handle[0]) : 0
  }
  function instantiate(graph: number): Graph | null {
    if (graph === 0) return null
    const executable: [number] = [0]
    const code = graphs!.cuGraphInstantiateWithFlags(executable, graph, 0)
    graphs!.cuGraphDestroy(graph)
    if (code !== 0) return null
    const handle = Number(executable[0])
    return {
      launch: () => graphs!.cuGraphLaunch(handle, own) === 0,
      dispose: () => void graphs!.cuGraphExecDestroy(handle),
    }
  }
  function abandon(): boolean {
    if (state === 'idle') return false
    if (state === 'recording') {
      state = 'given up'
      const graph = end()
      if (graph !== 0) graphs!.cuGraphDestroy(graph)
    }
    return true
  }
  return {
    get stream() {
      return state === 'recording' ? own : 0
    },
    get isLosing() {
      return state === 'given up'
    },
    record(work) {
      if (isRefused) return null
      if (graphs.cuStreamBeginCapture_v2(own, relaxed) !== 0) {
        isRefused = true
        return null
      }
      state = 'recording'
      try {
        work()
        if (state !== 'recording') return null
        const graph = instantiate(end())
        isRefused = graph === null
        return graph
      } catch (error) {
        abandon()
        throw error
      } finally {
        state = 'idle'
      }
    },
    abandon: () => void abandon(),
    fail() {
      const isRecording = abandon()
      isRefused ||= isRecording
      return isRecording
    },
    dispose: () => void graphs.cuStreamDestroy_v2(own),
  }
}
