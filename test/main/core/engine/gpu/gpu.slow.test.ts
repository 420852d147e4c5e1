// The graphics engine against the reference, on whatever card there is; Mesa's lavapipe is one made of software.
import { it, vi } from 'vitest'
import { createGpuKernels } from '#main/core/engine/gpu/gpu.ts'
import { kernelsSuite } from '../kernels-suite.ts'
import { missingGpu } from './missing.ts'

vi.setConfig({ testTimeout: 180_000 })

if (missingGpu === null) kernelsSuite('gpu', () => createGpuKernels(), { tolerance: 1e-5 })
else it.skip(`gpu: ${missingGpu}`, () => {})
