// Measuring engines: a real step on one that runs, and a sentence from one that cannot.
import { expect, it } from 'vitest'
import { measureFlops, probeEngine } from '#main/core/engine/measure.ts'

it('a probe trains a small model and says how fast it went', async () => {
  const probe = await probeEngine('wasm', { threads: 1 })
  expect(probe).toMatchObject({ name: 'wasm', isAvailable: true })
  expect(probe.description).toContain('WebAssembly')
  expect(probe.tokensPerSecond).toBeGreaterThan(10)
  // 6 N + 12 L d S of 4 layers of width 128, context 128, vocabulary 512.
  expect(probe.flopsPerSecond! / probe.tokensPerSecond!).toBeCloseTo(6 * 875_264 + 12 * 4 * 128 * 128, -1)
}, 60_000)

it('a calibration is one rate for each width, from the narrowest, and as short as a slow engine allows', async () => {
  const points = await measureFlops('reference', { threads: 1 })
  expect(points.length).toBeGreaterThanOrEqual(1)
  expect(points.map(({ width }) => width)).toEqual([32, 64, 192, 512].slice(0, points.length))
  for (const { flopsPerSecond } of points) expect(flopsPerSecond).toBeGreaterThan(1e6)
}, 60_000)

it('an engine that computes in bf16 is measured in both precisions', async () => {
  const points = await measureFlops('native', { threads: 1 })
  const widthsOf = (wanted: string) =>
    points.filter(({ precision = 'fp32' }) => precision === wanted).map(({ width }) => width)
  expect(widthsOf('fp32')).toEqual([32, 64, 192, 512])
  expect(widthsOf('bf16').slice(0, 2)).toEqual([32, 64]) // wider ones where the processor has instructions for it
}, 60_000)
