// Engines by name: each device is imported only when it is asked for, because most machines have only some of them.
import type { EngineName } from '#shared/engine/engine.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ObservedEngine } from './engine.ts'
import { createGpt } from './gpt.ts'
import type { Kernels } from './kernels.ts'

export interface EngineOptions {
  /** CPU threads; 0 for the physical cores. */
  threads: number
}

/** The kernels of one device. Throws Fault 'unavailable', saying what would make it so, where the device is not here. */
export async function createKernels(name: EngineName, { threads }: EngineOptions): Promise<Kernels> {
  switch (name) {
    case 'native': return (await import('./native/native.ts')).createNativeKernels({ threads })
    case 'tensorflow': return (await import('./tensorflow/libtensorflow.ts')).createLibtensorflowKernels({ threads })
    case 'webgpu': return (await import('./tensorflow/webgpu.ts')).createWebgpuKernels()
    case 'wasm': return (await import('./tensorflow/wasm.ts')).createWasmKernels()
    case 'reference': return (await import('./reference.ts')).createReferenceKernels()
  }
}

/** A model with its initial weights on a device; disposing it gives the device back. */
export async function createEngine(name: EngineName, model: ModelPlan, options: EngineOptions): Promise<ObservedEngine> {
  return createGpt(await createKernels(name, options), name, model)
}
