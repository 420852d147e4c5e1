// The native kernels are one more device: they pass what every device passes, on one thread and on three.
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { kernelsSuite } from '../kernels-suite.ts'

for (const threads of [1, 3])
  kernelsSuite(`native, ${threads} threads`, () => createNativeKernels({ threads }), { tolerance: 1e-5 })
