// The cuda engine is one more device: on an emulated card it passes what every device passes.
import { it } from 'vitest'
import { createCudaKernels } from '#main/core/engine/cuda/cuda.ts'
import { buildEmulator, canEmulate } from '../../../../support/cuda/build.ts'
import { kernelsSuite } from '../kernels-suite.ts'
import { bf16Suite } from './bf16-suite.ts'

if (canEmulate) {
  process.env.ISOFLOP_LIBCUDA = buildEmulator()
  kernelsSuite('cuda, emulated', () => createCudaKernels(), { tolerance: 1e-5, isSlow: true })
  kernelsSuite('cuda, emulated, few logits at once', () => createCudaKernels({ rowsAtOnce: 5 }), {
    tolerance: 1e-5,
    isSlow: true,
  })
  bf16Suite('cuda, emulated', createCudaKernels)
} else it.skip('the emulated card needs Linux on x86-64 and g++', () => {})
