import { describe, expect, it } from 'vitest'
import type { CoordinatePoint, TransferPoint } from '#shared/mup/check.ts'
import { coordinateVerdicts, transferVerdicts } from '#shared/mup/verdict.ts'

const coordinate = (
  width: number,
  step: number,
  rms: number,
  changes: Partial<CoordinatePoint> = {},
): CoordinatePoint => ({ parametrisation: 'mup', width, step, place: 'block', block: 1, rms, change: 0, ...changes })
const transfer = (width: number, learningRate: number, loss: number | null): TransferPoint => ({
  parametrisation: 'standard',
  width,
  learningRate,
  loss,
})

describe('the verdict on coordinates', () => {
  it('is the largest ratio between widths at the last step that all have reached', () => {
    const points = [coordinate(64, 1, 1), coordinate(64, 2, 8), coordinate(128, 1, 1.5), coordinate(256, 1, 1.9)]
    expect(coordinateVerdicts(points)).toMatchObject([
      {
        parametrisation: 'mup',
        step: 1,
        widths: [64, 128, 256],
        isStable: true,
        worst: { place: 'block', block: 1, ratio: 1.9 },
      },
    ])
    expect(
      coordinateVerdicts([...points, coordinate(64, 1, 3, { block: 2 }), coordinate(256, 1, 1, { block: 2 })])[0],
    ).toMatchObject({ isStable: false, worst: { block: 2, ratio: 3 } })
  })

  it('has the slope of a power of the width', () => {
    const points = [64, 128, 256].map((width) => coordinate(width, 0, 0.3 * width ** 0.75))
    expect(coordinateVerdicts(points)[0].worst.slope).toBeCloseTo(0.75, 10)
  })

  it('waits for a second width', () => expect(coordinateVerdicts([coordinate(64, 0, 1)])).toEqual([]))
})

describe('the verdict on learning rates', () => {
  it('finds the best rate of a parabola between those that were tried', () => {
    const rates = [1e-3, 2e-3, 4e-3, 8e-3]
    const lossAt = (best: number) => (rate: number) => 3 + 0.1 * Math.log2(rate / best) ** 2
    const points = [
      ...rates.map((rate) => transfer(64, rate, lossAt(3e-3)(rate))),
      ...rates.map((rate) => transfer(128, rate, lossAt(1.5e-3)(rate))),
    ]
    const [{ best, drift }] = transferVerdicts(points)
    expect(best.map(({ between }) => between)).toEqual([expect.closeTo(3e-3, 10), expect.closeTo(1.5e-3, 10)])
    expect(drift).toBeCloseTo(-1, 10)
    expect(best.every(({ isAtEdge }) => !isAtEdge)).toBe(true)
  })

  it('reads no change off best rates that lie at the edge of those tried', () => {
    const falling = [1e-3, 2e-3, 4e-3].flatMap((rate) => [
      transfer(64, rate, 1e-2 / rate),
      transfer(128, rate, 1e-2 / rate),
    ])
    const [{ best, drift, problem }] = transferVerdicts(falling)
    expect(best.map(({ learningRate }) => learningRate)).toEqual([4e-3, 4e-3])
    expect(drift).toBeNull()
    expect(problem).toContain('At width 64 and 128 the best rate lies at the edge')
    const inside = [1e-3, 2e-3, 4e-3].map((rate) => transfer(64, rate, Math.log2(rate / 2e-3) ** 2 + 1))
    expect(transferVerdicts([...inside, ...falling.filter(({ width }) => width === 128)])[0]).toMatchObject({
      drift: null,
      problem: expect.stringContaining('At width 128 the best'),
    })
    expect(transferVerdicts(inside)[0]).toMatchObject({ drift: null, problem: null })
  })

  it('says where the best lies at the edge, and leaves out what diverged', () => {
    const [{ best, drift }] = transferVerdicts([
      transfer(64, 1e-3, 3),
      transfer(64, 2e-3, 2.5),
      transfer(64, 4e-3, null),
      transfer(128, 1e-3, null),
    ])
    expect(best).toMatchObject([{ width: 64, learningRate: 2e-3, between: 2e-3, isAtEdge: false }])
    expect(drift).toBeNull()
    expect(transferVerdicts([transfer(64, 1e-3, 2), transfer(64, 2e-3, 2.5)])[0].best[0].isAtEdge).toBe(true)
    expect(transferVerdicts([transfer(64, 1e-3, null)])).toEqual([])
  })
})
