// How likely a token was, as one of five shades: the less likely, the stronger.

/** The lowest probability of each shade, and what the legend says of it. */
export const shades = [
  { from: 0.5, text: '50 % or more' },
  { from: 0.2, text: '20 to 50 %' },
  { from: 0.05, text: '5 to 20 %' },
  { from: 0.01, text: '1 to 5 %' },
  { from: 0, text: 'below 1 %' },
] as const

export const shadeOf = (probability: number): number => shades.findIndex(({ from }) => probability >= from)

/** Mean of −ln p over the tokens: how surprised the model was by its own text, nats per token; null without any. */
export function meanSurprise(tokens: readonly { probability: number }[]): number | null {
  if (tokens.length === 0) return null
  return (
    tokens.reduce((sum, { probability }) => sum - Math.log(Math.max(probability, Number.MIN_VALUE)), 0) / tokens.length
  )
}
