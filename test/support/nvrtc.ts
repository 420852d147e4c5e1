// NVIDIA's compiler as scripts/cuda/nvrtc.mjs has it, with its types.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface CudaModule {
  name: string
  architecture: string
  version: string
}

interface Nvrtc {
  findNvrtc(): string | null
  loadNvrtc(folder: string): {
    compile(sources: string, module: CudaModule): string
    assemble(sources: string, module: CudaModule, architecture: string): string
  }
  modules: CudaModule[]
  wheel: string
}

export const importNvrtc = async (): Promise<Nvrtc> =>
  (await import(pathToFileURL(resolve('scripts/cuda/nvrtc.mjs')).href)) as Nvrtc
