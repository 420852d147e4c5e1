// What a driver may do wrong, played: every way ends in a sentence that says what to do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openGpu } from '#main/core/engine/gpu/device.ts'
import { prepareCard } from '#main/core/engine/gpu/first-use.ts'
import { createGpuMemory } from '#main/core/engine/gpu/memory.ts'
import { fill } from '#main/core/engine/gpu/shaders/rows.ts'
import { usualRates } from '#main/core/engine/gpu/tuning.ts'
import type { NativeLibrary } from '#main/core/engine/native/library.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { Fault } from '#shared/fault.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-card-'))
  writeFileSync(join(folder, 'library'), '')
  vi.stubEnv('ISOFLOP_WGPU', join(folder, 'library'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** A driver of our own: all goes well, but for what a test changes. */
function driver(changes: Partial<Record<keyof NativeLibrary, unknown>> = {}) {
  let buffers = 0
  const wait = Object.assign(() => 0, { async: (_: number, done: (e: null, status: number) => void) => done(null, 0) })
  return {
    isf_gpu_open: (_: string, out: Float64Array) => {
      out.set([1, 2 ** 27, 2 ** 31, 32768, 1024, 65535, 8, 0, 0x10de, 1, 0])
      return ''
    },
    isf_gpu_memory: () => 8e9,
    isf_gpu_name: () => 'Card 9000\tdriver 1.2\t',
    isf_gpu_error: () => '',
    isf_gpu_buffer: () => buffers++,
    isf_gpu_release: () => 0,
    isf_gpu_write: () => 0,
    isf_gpu_pipeline: () => 0,
    isf_gpu_run: () => 0,
    isf_gpu_wait_read: wait,
    isf_gpu_end_read: () => 0,
    isf_gpu_close: () => 0,
    ...changes,
  } as unknown as NativeLibrary
}

const faultOf = async (work: () => unknown): Promise<Fault> => {
  try {
    await work()
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    expect((error as Fault).message.length).toBeLessThanOrEqual(300)
    return error as Fault
  }
  throw new Error('nothing was thrown')
}

/** A card with one tensor, and a dispatch on it that waits to be submitted. */
function filled(library: NativeLibrary) {
  const device = openGpu({ library })
  const { range } = createGpuMemory(device).empty([4])
  device.dispatch(fill, [1, 1, 1], { count: 4, value: 1 }, [range])
  return { device, range }
}

describe('a graphics card', () => {
  it('is known by name, driver and memory', () => {
    const { facts } = openGpu({ library: driver() })
    expect(facts).toMatchObject({ name: 'Card 9000', driver: 'driver 1.2', memoryBytes: 8e9, isSoftware: false })
  })

  it.each([
    ['library', /does not load here .*setup:gpu -- --force/],
    ['adapter', /no graphics card/],
    ['device', /newer driver/],
  ])('that cannot be opened (%s) is unavailable, and the sentence says what would help', async (kind, sentence) => {
    const fault = await faultOf(() => openGpu({ library: driver({ isf_gpu_open: () => `${kind}\tso it is` }) }))
    expect(fault).toMatchObject({ code: 'unavailable', message: expect.stringMatching(sentence) as string })
  })

  it('without its library is unavailable, and the sentence names the command that fetches it', async () => {
    vi.stubEnv('ISOFLOP_WGPU', join(folder, 'nothing'))
    const fault = await faultOf(() => openGpu({ library: driver(), find: () => null }))
    expect(fault).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('npm run setup:gpu') as string,
    })
  })

  it('whose library is no library says so', async () => {
    const fault = await faultOf(() => openGpu({ find: () => join(folder, 'library') }))
    expect(fault).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/does not load here/) as string })
  })

  it('without memory left is too small for this, and buffers that nobody holds are given back first', async () => {
    let left = 1
    const released = vi.fn()
    const library = driver({
      isf_gpu_buffer: () => (left-- > 0 ? 0 : -1),
      isf_gpu_error: () => 'memory\tout of device memory',
      isf_gpu_release: () => {
        released()
        left = 1
      },
    })
    const memory = createGpuMemory(openGpu({ library }))
    memory.empty([1000]).dispose()
    memory.empty([5000]) // the first buffer is given back for it
    expect(released).toHaveBeenCalledOnce()
    const fault = await faultOf(() => memory.empty([9000]))
    expect(fault).toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(/smaller model, batch or context/) as string,
    })
  })

  it('binds no more than it can', async () => {
    const fault = await faultOf(() => createGpuMemory(openGpu({ library: driver() })).empty([2 ** 26]))
    expect(fault).toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(/128 MiB at once.* 256 MiB/) as string,
    })
  })

  it('that is lost says so at once and from then on, and how the run goes on', async () => {
    const { device, range } = filled(
      driver({ isf_gpu_run: () => -1, isf_gpu_error: () => 'lost\tthe driver was reset' }),
    )
    const fault = await faultOf(() => device.read(range, new Float32Array(4)))
    expect(fault).toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/Card 9000 stopped answering \(the driver was reset\)\. Resume/) as string,
    })
    expect(await faultOf(() => device.dispatch(fill, [1, 1, 1], { count: 4, value: 1 }, [range]))).toBe(fault)
  })

  it('whose driver refuses a kernel is unavailable', async () => {
    const fault = await faultOf(() => filled(driver({ isf_gpu_pipeline: () => -1, isf_gpu_error: () => 'error\tno' })))
    expect(fault).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/does not take the kernel "fill"/) as string,
    })
  })

  it('that computes wrong numbers is named and passed over; one that is right is remembered', async () => {
    const device = openGpu({ library: driver() })
    Object.assign(device.facts, { isSoftware: true }) // its speed is not measured
    const right = createReferenceKernels()
    const wrong = { ...right, geluBackward: (dy: never) => right.geluBackward(dy, dy, 'gelu') }
    const fault = await faultOf(() => prepareCard(device, () => wrong))
    expect(fault).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/Card 9000 computes wrong numbers with its driver driver 1\.2/) as string,
    })
    const asked = vi.fn(() => right)
    expect(await prepareCard(device, asked)).toEqual(usualRates)
    expect(await prepareCard(device, asked)).toEqual(usualRates)
    expect(asked).toHaveBeenCalledOnce()
  })
})
