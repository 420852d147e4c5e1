// Ten thousand random shapes through every native kernel, in both precisions: no crash, and none that disagrees with
// the reference.
import { describe, expect, it } from 'vitest'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { precisions } from '#shared/engine.ts'
import { createDice, distance } from '../numbers.ts'
import { cases, results } from './fuzz-cases.ts'

const shapes = Number(process.env.ISOFLOP_FUZZ ?? 10_000)
const seed = Number(process.env.ISOFLOP_FUZZ_SEED ?? 1)
/** In bf16 whatever is kept between kernels has eight digits, and what is close to zero those of its neighbours. */
const least = { fp32: 0, bf16: 4e-2 }

describe.each(precisions)(`${shapes} random shapes, %s`, (precision) => {
  const reference = createReferenceKernels()
  it.each(Object.keys(cases))(
    '%s agrees with the reference',
    async (name) => {
      const native = createNativeKernels({ threads: 3, precision })
      const dice = createDice(seed)
      for (let i = 0; i < shapes / Object.keys(cases).length; i++) {
        const one = cases[name](dice, i % 50 === 0 ? 150 : i % 10 === 0 ? 40 : 12)
        const expected = await results(reference, one)
        const actual = await results(native, one)
        for (const key of Object.keys(expected)) {
          // a lone number near zero is judged by its neighbours' usual size
          const far = distance([...actual[key], 0.1], [...expected[key], 0.1])
          if (!(far <= Math.max(one.tolerance, least[precision]))) expect.fail(`${one.label}: ${key} is ${far} away`)
        }
      }
      expect(native.memory().currentBytes).toBeLessThan(2 ** 24) // nothing but the packing buffers stays
      native.dispose()
    },
    120_000,
  )
})
