import { describe, expect, it } from 'vitest'
import type { CoordinatePoint, TransferPoint } from '#shared/mup/check.ts'
import { coordinateVerdicts, meansOf, transferVerdicts, transferWords } from '#shared/mup/verdict.ts'

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

describe('a sweep with seeds', () => {
  const rates = [1e-3, 2e-3, 4e-3, 8e-3]
  /** Valleys in log2 of the rate, whose lowest point each seed sees elsewhere. */
  const sweep = (bestAt: (width: number, seed: number) => number) =>
    [0, 1, 2].flatMap((seed) =>
      [64, 256].flatMap((width) =>
        rates.map((learningRate): TransferPoint => ({
          parametrisation: 'mup',
          width,
          learningRate,
          seed,
          loss: 3 + 0.1 * Math.log2(learningRate / bestAt(width, seed)) ** 2,
        })),
      ),
    )
  const wordsOf = (points: TransferPoint[]) => transferWords(transferVerdicts(points)[0])

  it('says that the best rate changes only where that is beyond what seeds scatter', () => {
    const falls = sweep((width, seed) => (width === 64 ? 4e-3 : 2e-3) * 2 ** (0.05 * (seed - 1)))
    const [{ drift, driftInterval }] = transferVerdicts(falls)
    expect(drift).toBeCloseTo(-1, 1)
    expect(driftInterval!.high).toBeLessThan(0)
    expect(wordsOf(falls)).toMatch(/it falls significantly \(0\.\d\d times, 95 %: .* over 3 seeds\)/)
    const scatters = sweep((width, seed) => 3e-3 * (width === 64 ? 1 : 2 ** (0.6 * (seed - 1) - 0.1)))
    expect(wordsOf(scatters)).toContain('within noise')
    expect(wordsOf(scatters)).not.toContain('significantly')
  })

  it('tells a change that is small and known to be so from one that noise hides', () => {
    expect(wordsOf(sweep((_, seed) => 3e-3 * 2 ** (0.02 * (seed - 1))))).toMatch(/within noise, and small/)
  })

  it('of one seed nothing is significant, and of an optimum at the edge nothing is known', () => {
    const falls = sweep((width) => (width === 64 ? 4e-3 : 2e-3))
    expect(wordsOf(falls.filter(({ seed }) => seed === 0))).toMatch(/One seed: nothing says how much of that is noise/)
    expect(wordsOf(sweep((width) => (width === 64 ? 4e-3 : 1e-4)))).toMatch(/^Not known: at width 256 the best rate/)
  })

  it('has the mean of the seeds with its standard error, and none where one diverged', () => {
    const one = sweep(() => 2e-3).filter(({ width, learningRate }) => width === 64 && learningRate === 2e-3)
    const [mean] = meansOf(one.map((point, i) => ({ ...point, loss: 3 + 0.1 * i })))
    expect(mean.loss).toBeCloseTo(3.1, 12)
    expect(mean.error).toBeCloseTo(0.1 / Math.sqrt(3), 12)
    expect(meansOf(one.map((point, i) => ({ ...point, loss: i ? 3 : null })))).toMatchObject([
      { loss: null, error: null },
    ])
  })
})
