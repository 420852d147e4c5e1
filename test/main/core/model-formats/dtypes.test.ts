// Narrowing to half precision, against widening and every half there is.
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { fromFloat32 } from '#main/core/model-formats/dtypes.ts'
import { toFloat32 } from '#main/core/model-formats/number-formats.ts'

describe.each(['F16', 'BF16'] as const)('%s', (dtype) => {
  const all = toFloat32(new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, i) => i).buffer), dtype)

  it('gives back every number it has', () => {
    const finite = all.filter((value) => Number.isFinite(value))
    expect(toFloat32(fromFloat32(finite, dtype, 'x'), dtype)).toEqual(finite)
    expect(fromFloat32(Float32Array.of(NaN), dtype, 'x')[1] & 0x7f).toBe(dtype === 'F16' ? 0x7e : 0x7f)
  })

  it('rounds to the nearest, halves to even', () => {
    const sorted = [...all.filter((value) => Number.isFinite(value) && value >= 0)].sort((a, b) => a - b)
    const random = createRandom(1)
    const largest = sorted[sorted.length - 1]
    for (let round = 0; round < 3000; round++) {
      const at = random.integer(sorted.length - 1)
      const [low, high] = [sorted[at], sorted[at + 1]]
      const value = Math.fround(low + (high - low) * random.next())
      const [found] = toFloat32(fromFloat32(Float32Array.of(value), dtype, 'x'), dtype)
      const distance = Math.min(value - low, high - value)
      expect(Math.abs(found - value)).toBe(distance)
      const half = Math.fround((low + high) / 2)
      if (half - low === high - half) {
        const bytes = fromFloat32(Float32Array.of(half), dtype, 'x')
        expect(bytes[0] & 1, String(half)).toBe(0)
      }
    }
    expect(largest).toBeGreaterThan(60_000)
  })
})

it('what f16 cannot hold is refused by name', () => {
  expect(() => fromFloat32(Float32Array.of(1, 70_000), 'F16', 'wte.weight')).toThrow(
    'wte.weight holds 70000, and f16 ends at 65504',
  )
})
