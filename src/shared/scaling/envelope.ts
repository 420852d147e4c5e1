// The envelope of training curves (Hoffmann et al. 2022, approach 1): for every amount of compute the run that was then
// lowest.
import { fitLine, type LineFit } from './power-law.ts'

/** One run's curve; `flops` ascending, as long as `loss`. */
export interface TrainingCurve {
  parameters: number
  flopsPerToken: number
  flops: ArrayLike<number>
  loss: ArrayLike<number>
}

export interface EnvelopePoint {
  flops: number
  loss: number
  parameters: number
  tokens: number
  /** Index of the curve. */
  curve: number
}

export interface Envelope {
  points: EnvelopePoint[]
  /** log10 N against log10 C over the envelope; null where fewer than two runs ever lead. */
  size: LineFit | null
  tokens: LineFit | null
}

/**
 * Smooths each curve (Gaussian, 10 records), interpolates on log compute and takes the lowest at `samples` log-spaced
 * amounts.
 */
export function envelopeOf(curves: readonly TrainingCurve[], samples = 1500, sigma = 10): Envelope {
  const usable = curves
    .map((curve, index) => ({ ...curve, index }))
    .filter(({ flops }) => flops.length >= 2 && flops[0] > 0)
  if (usable.length === 0) return { points: [], size: null, tokens: null }
  const smooth = usable.map((curve) => ({ ...curve, smoothed: smoothGaussian(curve.loss, sigma), at: 0 }))
  const from = Math.log(Math.min(...usable.map(({ flops }) => flops[0])))
  const to = Math.log(Math.max(...usable.map(({ flops }) => flops[flops.length - 1])))
  const points: EnvelopePoint[] = []
  for (let i = 0; i < samples; i++) {
    const flops = Math.exp(from + (i / (samples - 1)) * (to - from))
    let best: EnvelopePoint | null = null
    for (const curve of smooth) {
      const last = curve.flops.length - 1
      if (flops < curve.flops[0] || flops > curve.flops[last] * (1 + 1e-12)) continue
      while (curve.at < last - 1 && curve.flops[curve.at + 1] < flops) curve.at++
      const [left, right] = [curve.flops[curve.at], curve.flops[curve.at + 1]]
      const share = Math.min(1, Math.log(flops / left) / Math.log(right / left))
      const loss = curve.smoothed[curve.at] + share * (curve.smoothed[curve.at + 1] - curve.smoothed[curve.at])
      if (!best || loss < best.loss)
        best = { flops, loss, parameters: curve.parameters, tokens: flops / curve.flopsPerToken, curve: curve.index }
    }
    if (best) points.push(best)
  }
  const leaders = new Set(points.map((point) => point.curve)).size
  const logC = points.map((point) => Math.log10(point.flops))
  return {
    points,
    size:
      leaders < 2
        ? null
        : fitLine(
            logC,
            points.map((point) => Math.log10(point.parameters)),
          ),
    tokens:
      leaders < 2
        ? null
        : fitLine(
            logC,
            points.map((point) => Math.log10(point.tokens)),
          ),
  }
}

/** Gaussian smoothing over records, its weights renormalised at the ends. */
export function smoothGaussian(values: ArrayLike<number>, sigma: number): Float64Array {
  const n = values.length
  const result = new Float64Array(n)
  if (sigma <= 0) return Float64Array.from(values)
  const reach = Math.ceil(4 * sigma)
  const weights = Float64Array.from({ length: reach + 1 }, (_, k) => Math.exp(-0.5 * (k / sigma) ** 2))
  for (let i = 0; i < n; i++) {
    let sum = 0,
      total = 0
    for (let k = Math.max(0, i - reach); k <= Math.min(n - 1, i + reach); k++) {
      const weight = weights[Math.abs(k - i)]
      sum += weight * values[k]
      total += weight
    }
    result[i] = sum / total
  }
  return result
}
