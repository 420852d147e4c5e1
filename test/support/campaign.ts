// How long a campaign is: the three-minute part that `npm test` runs, or the whole of `npm run campaign`.
const isWhole = process.env.ISOFLOP_CAMPAIGN === 'whole'

/** `short` in `npm test`, `whole` in `npm run campaign`. */
export const rounds = (short: number, whole: number): number => (isWhole ? whole : short)

/** The value below which `share` of the numbers lie. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
