// The best size and the best number of tokens for a budget, under C = 6 N D, from a fitted surface in closed form.
import { evaluateSurface, type Surface } from './surface.ts'

export interface Allocation {
  /** N. */
  parameters: number
  /** D. */
  tokens: number
  tokensPerParameter: number
  /** Expected loss, nats per token. */
  loss: number
}

/** Exponents and factor of N = G (C/6)^a, D = (C/6)^b / G (Hoffmann et al. 2022, equation 4). */
export function allocationLaw({ A, B, alpha, beta }: Surface): { G: number; a: number; b: number } {
  return { G: ((alpha * A) / (beta * B)) ** (1 / (alpha + beta)), a: beta / (alpha + beta), b: alpha / (alpha + beta) }
}

/** The allocation with the least loss for `flops`, counted as 6 N D. */
export function optimalAllocation(surface: Surface, flops: number): Allocation {
  const { G, a, b } = allocationLaw(surface)
  const parameters = G * (flops / 6) ** a
  const tokens = (flops / 6) ** b / G
  return {
    parameters,
    tokens,
    tokensPerParameter: tokens / parameters,
    loss: evaluateSurface(surface, parameters, tokens),
  }
}

/** What a fixed number of tokens per parameter makes of a budget, counted as 6 N D. */
export function allocationByRatio(flops: number, tokensPerParameter: number): Omit<Allocation, 'loss'> {
  const parameters = Math.sqrt(flops / (6 * tokensPerParameter))
  return { parameters, tokens: tokensPerParameter * parameters, tokensPerParameter }
}
