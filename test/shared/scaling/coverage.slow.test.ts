// Whether new trainings land in the forecast's 95 % as often as it says: 500 simulated sets for each of six designs.
import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '#shared/random.ts'
import { bootstrapCurve, fitCurve, forecastAt, type Interval } from '#shared/scaling/bootstrap.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { redrawSurface, surfaceForecastAt } from '#shared/scaling/surface-forecast.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'

const sets = 500
/** As trainings of these sizes scatter from seed to seed. */
const noise = 0.004
const resamples = 60

/** Standard normal distribution function (Abramowitz & Stegun 26.2.17, error below 1e-7). */
function below(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
  return z > 0 ? 1 - tail : tail
}

/** Chance of a new training, of the true law and noise, to land inside. */
const chanceOf = ({ low, high }: Interval, truth: number): number =>
  below(Math.log(high / truth) / noise) - below(Math.log(low / truth) / noise)

function coverage(intervalOfSet: (random: Random, seed: number) => Interval, truth: number): number {
  const random = createRandom(20)
  let sum = 0
  for (let set = 0; set < sets; set++) sum += chanceOf(intervalOfSet(random, set), truth)
  return sum / sets
}

describe('of new trainings, 93 to 97 % land in the forecast of', () => {
  it.each([
    ['a power law through five sizes', 'power', [1, 3, 10, 30, 100], 1, 0],
    ['a power law through eight sizes with two seeds', 'power', [1, 2, 4, 8, 16, 32, 64, 128], 2, 0],
    ['a power law + constant through six sizes', 'offset-power', [1, 3, 10, 30, 100, 300], 1, 1.7],
    ['a power law + constant through five sizes with three seeds', 'offset-power', [1, 3, 10, 30, 100], 3, 1.7],
  ] as const)(
    '%s, at ten times the data',
    (_, form, sizes, seeds, constant) => {
      const law = (x: number) => constant + 3 * x ** -0.25
      const at = 10 * sizes[sizes.length - 1]
      const found = coverage((random, seed) => {
        const points = sizes.flatMap((x) =>
          Array.from({ length: seeds }, () => ({ x: x * 1e12, y: law(x) * Math.exp(noise * random.normal()) })),
        )
        return forecastAt(bootstrapCurve(fitCurve(points, form), points, { resamples, seed }), at * 1e12)!
      }, law(at))
      expect(found).toBeGreaterThan(0.93)
      expect(found).toBeLessThan(0.97)
    },
    600_000,
  )

  it.each([
    ['a surface over four sizes and four lengths', [4e4, 9e4, 2e5, 4.5e5], [5, 10, 20, 40]],
    ['a surface over five sizes with three decays each', [4e4, 8e4, 1.4e5, 2e5, 2.8e5], [10, 20, 40]],
  ] as const)(
    '%s, at thirty times the compute',
    (_, sizes, ratios) => {
      const law = { E: 1.7, A: 60, B: 200, alpha: 0.35, beta: 0.37 }
      const [parameters, tokens] = [1.4e6, 2.8e7]
      const found = coverage(
        (random, seed) => {
          const points = sizes.flatMap((n) =>
            ratios.map((ratio) => ({
              parameters: n,
              tokens: n * ratio,
              loss: evaluateSurface(law, n, n * ratio) * Math.exp(noise * random.normal()),
            })),
          )
          const redraws = redrawSurface('surface', fitSurface(points), points, { resamples, seed })
          return surfaceForecastAt(redraws, parameters, tokens)!
        },
        evaluateSurface(law, parameters, tokens),
      )
      expect(found).toBeGreaterThan(0.93)
      expect(found).toBeLessThan(0.97)
    },
    600_000,
  )
})
