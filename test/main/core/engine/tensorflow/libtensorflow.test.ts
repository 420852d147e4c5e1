// libtensorflow against the reference, where it has been set up.
import { it } from 'vitest'
import { createKernels } from '#main/core/engine/create.ts'
import { kernelsSuite } from '../kernels-suite.ts'

const missing = await createKernels('tensorflow', { threads: 0 }).then(
  (kernels) => (kernels.dispose(), null),
  (error: Error) => error.message,
)
if (missing === null) kernelsSuite('tensorflow', () => createKernels('tensorflow', { threads: 0 }), { tolerance: 1e-5 })
else it.skip(`tensorflow: ${missing} (npm run setup:tensorflow)`, () => {})
