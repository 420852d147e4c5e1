// The WebGPU device against the reference, on whatever adapter there is; Debian's chromium brings one made of software.
import { existsSync } from 'node:fs'
import { it, vi } from 'vitest'
import { createKernels } from '#main/core/engine/create.ts'
import { kernelsSuite } from '../kernels-suite.ts'

const software = '/usr/lib/chromium/vk_swiftshader_icd.json'
if (!process.env.VK_ICD_FILENAMES && existsSync(software)) process.env.VK_ICD_FILENAMES = software
process.env.ISOFLOP_SOFTWARE_WEBGPU = '1'
vi.setConfig({ testTimeout: 180_000 })

const missing = await createKernels('webgpu', { threads: 0 }).then(
  (kernels) => (kernels.dispose(), null),
  (error: Error) => error.message,
)
if (missing === null)
  kernelsSuite('webgpu', () => createKernels('webgpu', { threads: 0 }), {
    tolerance: 1e-5,
    isRepeatable: false,
    isSlow: true,
  })
else it.skip(`webgpu: ${missing} (apt-get install chromium brings a software adapter)`, () => {})
