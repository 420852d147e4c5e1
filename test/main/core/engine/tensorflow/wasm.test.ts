// The wasm device against the reference.
import { createKernels } from '#main/core/engine/create.ts'
import { kernelsSuite } from '../kernels-suite.ts'

kernelsSuite('wasm', () => createKernels('wasm', { threads: 1 }), { tolerance: 1e-5 })
