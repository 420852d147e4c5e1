// A graphics card as the kernels see it: pipelines by kernel, a list of dispatches that grows until something is
// wanted back, and what the driver says in words for people.
import { Fault } from '#shared/fault.ts'
import { nativeLibrary } from '../native/library.ts'
import { cardLost, libraryMissing, noMemory, openingProblem } from './complaints.ts'
import { findGpuLibrary } from './library.ts'
import type { Kernel } from './kernel.ts'

/** Part of a buffer, in words of four bytes; begins at a multiple of 64. */
export interface Range {
  buffer: number
  offset: number
  count: number
}

export interface GpuFacts {
  name: string
  driver: string
  bindingBytes: number
  bufferBytes: number
  workgroupBytes: number
  workgroupThreads: number
  /** Of the card itself; null where nobody tells. A card without its own shares the computer's. */
  memoryBytes: number | null
  isSoftware: boolean
}

export interface KernelSeconds {
  kernel: string
  calls: number
  seconds: number
}

export interface GpuDevice {
  readonly facts: GpuFacts
  /** Adds a dispatch; `work` in floating-point operations says how long it may take. */
  dispatch(
    kernel: Kernel,
    workgroups: readonly [number, number, number],
    params: Record<string, number>,
    buffers: readonly Range[],
    work?: number,
  ): void
  /** Submits what was added. */
  flush(): void
  /** A new buffer; null where there is no memory left. */
  buffer(bytes: number): number | null
  release(buffer: number): void
  /** After all dispatches added so far; at once where none of them names the buffer. */
  write(range: Range, data: Float32Array | Int32Array, isUnnamed?: boolean): void
  /** Whether a buffer that was last named at `moment` may be named by a dispatch that waits. */
  readonly moment: number
  read(range: Range, into: Float32Array | Int32Array): Promise<void>
  /** Runs something with the card waited for after every dispatch: seconds by kernel, the slowest first. */
  profile(work: () => Promise<void>): Promise<KernelSeconds[]>
  /** FLOP/s that this card reaches, so that submits are neither too long nor too many. */
  setSpeed(flopsPerSecond: number): void
  readonly workASubmit: number
  readonly isOpen: boolean
  /** Dispatches and submits since the device was opened, waits for it, and the time that both took. */
  readonly counts: { dispatches: number; submits: number; waits: number; submitSeconds: number; waitSeconds: number }
  close(): void
}

/** Windows resets a card that is busy for two seconds; a submit is to take less than a quarter of one. */
const secondsASubmit = 0.2
/** FLOP/s of a slow card, until this one's are known. */
const slowestSpeed = 1e11
/** What counts is work at speed: small kernels reach a tenth of it. */
const shareOfSpeed = 0.3
const wordsOfParams = 16
/** Dispatches after which the list is submitted in any case, so that the card works while more are recorded. */
const dispatchesASubmit = 512

/** What there is, without making anything on it. Throws as openGpu does. */
export function readCard(): GpuFacts {
  const device = openGpu()
  device.close()
  return device.facts
}

/** Throws Fault 'unavailable' where the library or a card is missing. */
export function openGpu({ library = nativeLibrary(), find = findGpuLibrary } = {}): GpuDevice {
  const path = find()
  if (!path) throw libraryMissing()
  const out = new Float64Array(11)
  const problem = library.isf_gpu_open(path, out)
  if (problem !== '') throw new Fault('unavailable', openingProblem(problem), { details: problem })
  const [handle, bindingBytes, bufferBytes, workgroupBytes, workgroupThreads, , , isSoftware, vendor, pci, isShared] =
    out
  const memoryBytes = (isShared === 1 || isSoftware === 1 ? 0 : library.isf_gpu_memory(vendor, pci)) || null
  const [name, driver] = library.isf_gpu_name(handle).split('\t')
  const pipelines = new Map<Kernel, number>()
  const counts = { dispatches: 0, submits: 0, waits: 0, submitSeconds: 0, waitSeconds: 0 }
  let isOpen = true
  let lost: Fault | null = null

  let list = new Int32Array(1 << 14)
  let params = new ArrayBuffer(1 << 15)
  let [floats, words, signed] = views(params)
  let [length, pending, work] = [0, 0, 0]
  let workASubmit = secondsASubmit * shareOfSpeed * slowestSpeed
  let reading: Promise<void> = Promise.resolve()
  let profile: Map<string, KernelSeconds> | null = null

  /** Throws what the driver complained of. */
  function fail(): never {
    const said = library.isf_gpu_error(handle)
    const [kind, details = ''] = said.split('\t')
    if (kind === 'memory') throw noMemory(details)
    lost = cardLost(name, details)
    throw lost
  }

  function pipelineOf(kernel: Kernel): number {
    let pipeline = pipelines.get(kernel)
    if (pipeline === undefined) {
      pipeline = library.isf_gpu_pipeline(handle, kernel.code, kernel.buffers, kernel.readOnly, 1)
      if (pipeline < 0) {
        const details = library.isf_gpu_error(handle)
        throw new Fault(
          'unavailable',
          `The driver of ${name} does not take the kernel "${kernel.name}"; the CPU trains instead.`,
          { details },
        )
      }
      pipelines.set(kernel, pipeline)
    }
    return pipeline
  }

  /** Submits what was added, and a copy of what is to be read behind it. */
  function submit(read?: Range & { bytes: number }): void {
    if (pending === 0 && !read) return
    const count = pending
    ;[length, pending, work] = [0, 0, 0]
    const startedAt = performance.now()
    const status = library.isf_gpu_run(
      handle,
      list,
      count,
      words,
      read?.buffer ?? -1,
      4 * (read?.offset ?? 0),
      read?.bytes ?? 0,
    )
    counts.submits++
    counts.submitSeconds += (performance.now() - startedAt) / 1000
    if (status !== 0) fail()
  }

  const flush = () => submit()

  /** Waits for the dispatch just added and counts its time. */
  function time(kernel: string, range: Range): void {
    const startedAt = performance.now()
    submit({ ...range, bytes: 4 })
    library.isf_gpu_wait_read(handle)
    library.isf_gpu_end_read(handle, new Float32Array(1))
    const seconds = (performance.now() - startedAt) / 1000
    const known = profile!.get(kernel)
    profile!.set(kernel, { kernel, calls: (known?.calls ?? 0) + 1, seconds: (known?.seconds ?? 0) + seconds })
  }

  const device: GpuDevice = {
    facts: {
      name,
      driver,
      bindingBytes,
      bufferBytes,
      workgroupBytes,
      workgroupThreads,
      memoryBytes,
      isSoftware: isSoftware === 1,
    },
    counts,
    get workASubmit() {
      return workASubmit
    },
    setSpeed(flopsPerSecond) {
      workASubmit = secondsASubmit * shareOfSpeed * Math.max(flopsPerSecond, slowestSpeed)
    },
    get isOpen() {
      return isOpen
    },
    dispatch(kernel, [x, y, z], values, buffers, cost = 0) {
      if (!isOpen) throw new Error('these kernels were disposed')
      if (lost) throw lost
      if (buffers.length !== kernel.buffers) throw new Error(`${kernel.name} takes ${kernel.buffers} buffers`)
      if (pending > 0 && (work + cost > workASubmit || pending >= dispatchesASubmit)) flush()
      if (length + 5 + 3 * buffers.length > list.length) list = grown(list)
      const at = wordsOfParams * pending
      if (4 * (at + wordsOfParams) > params.byteLength) {
        const larger = new ArrayBuffer(2 * params.byteLength)
        new Uint8Array(larger).set(new Uint8Array(params))
        params = larger
        ;[floats, words, signed] = views(params)
      }
      list[length++] = pipelineOf(kernel)
      list[length++] = x
      list[length++] = y
      list[length++] = z
      list[length++] = buffers.length
      for (const { buffer, offset, count } of buffers) {
        list[length++] = buffer
        list[length++] = offset
        list[length++] = count
      }
      for (const [i, [field, type]] of kernel.params.entries()) {
        const view = type === 'f32' ? floats : type === 'u32' ? words : signed
        view[at + i] = values[field]
      }
      pending++
      work += cost
      counts.dispatches++
      if (profile) time(kernel.name, buffers[0])
    },
    flush,
    buffer(bytes) {
      if (lost) throw lost
      const buffer = library.isf_gpu_buffer(handle, bytes)
      if (buffer >= 0) return buffer
      const said = library.isf_gpu_error(handle)
      if (said.startsWith('memory') || said.startsWith('error')) return null
      throw cardLost(name, said)
    },
    release(buffer) {
      flush() // what was added may still name it
      if (isOpen) library.isf_gpu_release(handle, buffer)
    },
    get moment() {
      return counts.submits + (pending > 0 ? 1 : 0)
    },
    write({ buffer, offset }, data, isUnnamed = false) {
      if (!isUnnamed) flush()
      library.isf_gpu_write(handle, buffer, 4 * offset, data, data.byteLength)
    },
    read(range, into) {
      const turn = reading.then(() => readNow(range, into))
      reading = turn.catch(() => {})
      return turn
    },
    async profile(run) {
      await reading
      flush()
      profile = new Map()
      try {
        await run()
        return [...profile.values()].sort((a, b) => b.seconds - a.seconds)
      } finally {
        profile = null
      }
    },
    close() {
      if (!isOpen) return
      isOpen = false
      void reading.then(() => library.isf_gpu_close(handle))
    },
  }

  async function readNow(range: Range, into: Float32Array | Int32Array): Promise<void> {
    if (!isOpen) throw new Error('these kernels were disposed')
    if (lost) throw lost
    counts.waits++
    const startedAt = performance.now()
    submit({ ...range, bytes: into.byteLength })
    const status = await new Promise<number>((resolve, reject) =>
      library.isf_gpu_wait_read.async(handle, (error: Error | null, value: number) =>
        error ? reject(error) : resolve(value),
      ),
    )
    counts.waitSeconds += (performance.now() - startedAt) / 1000
    if (status !== 0) fail()
    library.isf_gpu_end_read(handle, into)
  }

  return device
}

const views = (buffer: ArrayBuffer) =>
  [new Float32Array(buffer), new Uint32Array(buffer), new Int32Array(buffer)] as const

function grown(list: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * list.length)
  larger.set(list)
  return larger
}
