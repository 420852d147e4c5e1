// What is said of a point that disagrees with the others.
import { expect, it } from 'vitest'
import { fitOffsetPowerLaw } from '#shared/scaling/offset-power-law.ts'
import { lawWarnings } from '#shared/scaling/warnings.ts'
import { robustRemark } from '#main/doors/cli/points.ts'

const warningsOf = (times: number) => {
  const points = [1e12, 2e12, 4e12, 8e12, 1.6e13, 3.2e13, 6.4e13, 1.28e14].map((x, i) => ({
    x,
    y: (1.6 + (x / 1e12) ** -0.15) * (i === 4 ? times : 1 + 0.001 * (-1) ** i),
  }))
  return lawWarnings(points, fitOffsetPowerLaw(points), null)
}

it('offers the fit without a point that disagrees, until it is asked for', () => {
  expect(robustRemark(warningsOf(1.15), {})).toEqual([expect.stringContaining('--robust')])
  expect(robustRemark(warningsOf(1.15), { robust: true })).toEqual([])
  expect(robustRemark(warningsOf(1), {})).toEqual([])
})
