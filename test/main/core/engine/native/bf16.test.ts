// Precision bf16 of the native engine passes what every device passes, within what eight digits allow; and gives what
// bf16 must give exactly.
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { expect, it } from 'vitest'
import type { Engine } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { bf16Suite } from '../cuda/bf16-suite.ts'
import { kernelsSuite } from '../kernels-suite.ts'
import { adam, randomBatch, tinyModel } from '../tiny.ts'

for (const threads of [1, 3]) {
  kernelsSuite(`native, bf16, ${threads} threads`, () => createNativeKernels({ threads, precision: 'bf16' }), {
    tolerance: 5e-2,
  })
  bf16Suite(`native, ${threads} threads`, (options) => createNativeKernels({ threads, ...options }), 2 ** -8)
}

it('a run that goes on from its state has the losses it would have had', async () => {
  const model = tinyModel()
  const open = () => createGpt(createNativeKernels({ threads: 2, precision: 'bf16' }), 'native', model)
  const step = async (engine: Engine, i: number) => [
    await engine.accumulate(randomBatch(model, 3, 7, i), 1),
    await engine.update(0.01, adam),
  ]
  const whole = open()
  for (let i = 0; i < 3; i++) await step(whole, i)
  const resumed = open()
  resumed.restore(await whole.snapshot())
  for (let i = 3; i < 6; i++) expect(await step(resumed, i)).toEqual(await step(whole, i))
  for (const engine of [whole, resumed]) engine.dispose()
})
