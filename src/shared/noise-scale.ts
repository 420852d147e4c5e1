// The gradient noise scale: about the batch size at which twice as many tokens a step begin to be worth less than half
// as many steps (McCandlish et al. 2018, An Empirical Model of Large-Batch Training, arXiv:1812.06162, appendix A.1).

/** Moving averages of two unbiased estimates, by the weight that they have gathered; kept with a checkpoint. */
export interface NoiseSums {
  weight: number
  /** |G|²: the squared norm of the true gradient. */
  gradient: number
  /** tr(Σ): the variance of one sequence's gradient, summed over all parameters. */
  variance: number
  measurements: number
}

export interface NoiseScale {
  /** B_simple = tr(Σ) / |G|², in tokens. */
  tokens: number
  measurements: number
}

/** A measurement counts half as much after this many others. */
const halfLife = 35
/** With fewer there is nothing to be said. */
const fewest = 10
const decay = 2 ** (-1 / halfLife)

export const noNoise: NoiseSums = { weight: 0, gradient: 0, variance: 0, measurements: 0 }

/**
 * One measurement more: the norms of the gradients of a small and of a large batch of the same weights, and how many
 * sequences each has. The small one may be part of the large one: either estimate stays unbiased.
 */
export function withMeasurement(
  sums: NoiseSums,
  small: { norm: number; sequences: number },
  large: { norm: number; sequences: number },
): NoiseSums {
  const [s, l] = [small.norm ** 2, large.norm ** 2]
  const gradient = (large.sequences * l - small.sequences * s) / (large.sequences - small.sequences)
  const variance = (s - l) / (1 / small.sequences - 1 / large.sequences)
  return {
    weight: decay * sums.weight + 1,
    gradient: decay * sums.gradient + gradient,
    variance: decay * sums.variance + variance,
    measurements: sums.measurements + 1,
  }
}

/** null where too little was measured, or where noise hides the gradient so far that the ratio says nothing. */
export function noiseScaleOf(sums: NoiseSums, context: number): NoiseScale | null {
  const { gradient, variance, measurements } = sums
  if (measurements < fewest || gradient <= 0 || variance <= 0) return null
  return { tokens: (variance / gradient) * context, measurements }
}

/**
 * Whether the noise is measured before the step after `step`, whose batch has so many sequences: one sequence more,
 * seldom enough to cost half a per cent of a training.
 */
export const isNoiseDue = (step: number, sequences: number): boolean =>
  sequences >= 4 && step % Math.ceil(200 / sequences) === 0
