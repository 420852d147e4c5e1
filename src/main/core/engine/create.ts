// Engines by name: each device is imported only when it is asked for, because most machines have only some of them.
import { engineNames, halfEngines, noHalf, type EngineName, type Precision } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { Engine, ObservedEngine } from './engine.ts'
import { createGpt } from './gpt.ts'
import type { Kernels } from './kernels.ts'

export interface EngineOptions {
  /** CPU threads; 0 for the physical cores. */
  threads: number
  /** Of a training's products; fp32 unless said. */
  precision?: Precision
  /** The weights to begin with, instead of the plan's initial ones: making those takes seconds for a large model. */
  parameters?: ReadonlyMap<string, Float32Array>
}

/**
 * The kernels of one device. Throws Fault 'unavailable', saying what would make it so, where the device is not here.
 */
export async function createKernels(
  name: EngineName,
  { threads, precision = 'fp32' }: EngineOptions,
): Promise<Kernels> {
  if (precision === 'bf16' && !halfEngines.includes(name)) throw new Fault('unavailable', noHalf(name))
  switch (name) {
    case 'native':
      return (await import('./native/native.ts')).createNativeKernels({ threads, precision })
    case 'gpu':
      return (await import('./gpu/gpu.ts')).createGpuKernels()
    case 'cuda':
      return (await import('./cuda/cuda.ts')).createCheckedCudaKernels(precision)
    case 'tensorflow':
      return (await import('./tensorflow/libtensorflow.ts')).createLibtensorflowKernels({ threads })
    case 'wasm':
      return (await import('./tensorflow/wasm.ts')).createWasmKernels()
    case 'reference':
      return (await import('./reference.ts')).createReferenceKernels()
  }
}

/** A model with its initial weights on a device; disposing it gives the device back. */
export async function createEngine(
  name: EngineName,
  model: ModelPlan,
  options: EngineOptions,
): Promise<ObservedEngine> {
  return createGpt(await createKernels(name, options), name, model, options.parameters)
}

/**
 * The named engine, or for `auto` the first that runs here: one that is not built or has no device steps aside for the
 * next.
 */
export async function createAnyEngine(
  name: EngineName | 'auto',
  model: ModelPlan,
  options: EngineOptions,
): Promise<Engine> {
  if (name !== 'auto') return createEngine(name, model, options)
  for (const one of engineNames) {
    try {
      return await createEngine(one, model, options)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
    }
  }
  return createEngine('reference', model, options)
}
