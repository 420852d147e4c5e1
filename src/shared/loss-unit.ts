// What a loss is counted in: nats per token, which hold for one tokenizer alone, or bits per byte of the text.
import type { Corpus, Split, TokenizedCorpus } from './corpus.ts'

export const lossUnits = ['nats-per-token', 'bits-per-byte'] as const
export type LossUnit = (typeof lossUnits)[number]

/** As an axis says it. */
export const lossUnitNames: Record<LossUnit, string> = {
  'nats-per-token': 'loss (nats/token)',
  'bits-per-byte': 'loss (bits per byte)',
}

/** As a sentence or the head of a column says it. */
export const lossUnitWords: Record<LossUnit, string> = {
  'nats-per-token': 'nats/token',
  'bits-per-byte': 'bits per byte',
}

/**
 * UTF-8 bytes of a split per token that its loss is a mean over; null until both are known. The ends of text are such
 * tokens: a model predicts them as well, and the text that they end has no byte for them.
 */
export function bytesPerScoredToken(
  corpus: Pick<Corpus, 'splits'> | null | undefined,
  tokenized: Pick<TokenizedCorpus, 'state' | 'tokens'> | null | undefined,
  split: Split = 'validation',
): number | null {
  if (!corpus || tokenized?.state !== 'finished') return null
  const [bytes, tokens] = [corpus.splits[split].bytes, tokenized.tokens[split]]
  return bytes > 0 && tokens > 0 ? bytes / tokens : null
}

/** What a run's losses are multiplied by to be in a unit: each split has its own bytes per token. */
export interface LossFactor {
  training: number
  validation: number
}
export const inNats: LossFactor = { training: 1, validation: 1 }

/** What a loss in nats per token is multiplied by. */
export const lossIn = (unit: LossUnit, bytesPerToken: number): number =>
  unit === 'bits-per-byte' ? 1 / (Math.LN2 * bytesPerToken) : 1

/** In the unit of a factor; null where there is no loss, or nobody knows its factor. */
export const lossTimes = (loss: number | null, factor: number | null): number | null =>
  loss === null || factor === null ? null : loss * factor

/** Of a text under a tokenizer; null where its bytes per token are not known. */
export function lossFactorOf(
  unit: LossUnit,
  corpus: Parameters<typeof bytesPerScoredToken>[0],
  tokenized: Parameters<typeof bytesPerScoredToken>[1],
): LossFactor | null {
  if (unit === 'nats-per-token') return inNats
  const [training, validation] = (['train', 'validation'] as const).map((split) =>
    bytesPerScoredToken(corpus, tokenized, split),
  )
  // a text too short for a validation split is counted as its training split is
  return training === null
    ? null
    : { training: lossIn(unit, training), validation: lossIn(unit, validation ?? training) }
}
