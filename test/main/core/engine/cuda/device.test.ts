// What a person reads where there is no driver, no card, too old a one, or too little memory.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCudaKernels } from '#main/core/engine/cuda/cuda.ts'
import { createKernels } from '#main/core/engine/create.ts'
import { Fault, type FaultCode } from '#shared/fault.ts'
import { buildEmulator, canEmulate } from '../../../../support/cuda/build.ts'

const asked = ['MEMORY', 'VERSION', 'CAPABILITY', 'CARDS', 'FAIL'].map((name) => `EMULATED_CUDA_${name}`)

/** The card's products from here on lack their first barrier. */
function breakProduct() {
  const file = readFileSync(join(__dirname, '../../../../../src/native/cuda/product.h'), 'utf8').split('\n')
  process.env.EMULATED_CUDA_WITHOUT = `product.h ${file.findIndex((line) => line.includes('__syncthreads')) + 1}`
}

async function faultOf(work: () => unknown): Promise<Fault> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

it('without a driver the engine says what it needs', async () => {
  const before = process.env.ISOFLOP_LIBCUDA
  process.env.ISOFLOP_LIBCUDA = '/nowhere/libcuda.so.1'
  const fault = await faultOf(() => createCudaKernels())
  process.env.ISOFLOP_LIBCUDA = before ?? ''
  expect(fault.code).toBe('unavailable')
  expect(fault.message).toMatch(/driver is not on this computer.*525/)
})

describe.skipIf(!canEmulate)('an emulated card', () => {
  beforeAll(() => {
    process.env.ISOFLOP_LIBCUDA = buildEmulator()
  })
  afterEach(() => {
    for (const name of asked) process.env[name] = ''
  })

  it('is named', () => {
    const kernels = createCudaKernels()
    expect(kernels.device).toBe('cuda, emulated card, fp32')
    kernels.dispose()
    kernels.dispose()
  })

  it.each<[string, string, FaultCode, RegExp]>([
    ['CARDS', '0', 'unavailable', /No NVIDIA graphics card/],
    ['VERSION', '11080', 'unavailable', /too old \(CUDA 11\.8\)/],
    ['CAPABILITY', '61', 'unavailable', /emulated card is too old/],
    ['FAIL', 'cuModuleLoadData 222', 'unavailable', /driver is too old/],
    ['FAIL', 'cuDevicePrimaryCtxRetain 2', 'too-large', /out of memory/],
  ])('that cannot serve says why: %s %s', async (name, value, code, sentence) => {
    process.env[`EMULATED_CUDA_${name}`] = value
    const fault = await faultOf(() => createCudaKernels())
    expect(fault.code).toBe(code)
    expect(fault.message).toMatch(sentence)
    expect(fault.message.length).toBeLessThanOrEqual(300)
  })

  it('with too little memory says how much was wanted, gives the rest back and goes on', async () => {
    process.env.EMULATED_CUDA_MEMORY = String(1 << 20)
    const kernels = createCudaKernels()
    const held = [kernels.tensor([100_000]), kernels.tensor([100_000])]
    const fault = await faultOf(() => kernels.tensor([100_000]))
    expect(fault.code).toBe('too-large')
    expect(fault.message).toMatch(/no 0\.4 MiB/)
    for (const tensor of held) tensor.dispose()
    expect(kernels.memory().currentBytes).toBe(0)
    kernels.tensor([200_000]).dispose() // what was kept for other sizes made room
    kernels.dispose()
  })

  it.each(['cuLaunchKernel 719', 'cuMemcpyDtoH_v2 700'])('that stops in %s is a sentence', async (failure) => {
    process.env.EMULATED_CUDA_FAIL = failure
    const kernels = createCudaKernels()
    const tensor = kernels.tensor([4])
    const fault = await faultOf(async () => {
      kernels.fill(tensor, 1)
      await kernels.read(tensor)
    })
    expect(fault.code).toBe('failed')
    expect(fault.message).toMatch(/stopped.*checkpoint/)
    kernels.dispose()
  })
})

describe.skipIf(!canEmulate)('the engine cuda', () => {
  const folder = join(tmpdir(), `isoflop-cards-${process.pid}`)
  beforeAll(() => {
    process.env.ISOFLOP_LIBCUDA = buildEmulator()
  })
  beforeEach(() => vi.stubEnv('XDG_CACHE_HOME', folder))
  afterEach(() => {
    process.env.EMULATED_CUDA_WITHOUT = ''
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is created after the card computed what the reference computes', async () => {
    const kernels = await createKernels('cuda', { threads: 0 })
    expect(kernels.device).toMatch(/^cuda, emulated card/)
    expect(kernels.memory().currentBytes).toBe(0)
    kernels.dispose()
  })

  it('passes a card over that computes wrong numbers', async () => {
    breakProduct()
    const fault = await faultOf(() => createKernels('cuda', { threads: 0 }))
    expect(fault.code).toBe('unavailable')
    expect(fault.message).toMatch(/emulated card computes wrong numbers with its driver CUDA 13\.0/)
  })

  it('asks a card once, and again when what it answered is forgotten', async () => {
    const make = async () => (await createKernels('cuda', { threads: 0 })).dispose()
    await make()
    breakProduct()
    await make()
    rmSync(folder, { recursive: true })
    expect((await faultOf(make)).message).toMatch(/wrong numbers/)
  })
})
