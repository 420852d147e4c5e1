// Two sets of weights line by line: their losses are in the unit that a person chose.
import { expect, it } from 'vitest'
import type { Entry } from '#renderer/stores/models.ts'
import { factRows } from '#renderer/views/models/facts.ts'

const entry = (runId: string, loss: number): Entry =>
  ({
    key: runId,
    parameters: 1000,
    bytes: 4000,
    model: {
      shape: { layers: 2, width: 32, heads: 2, context: 64, vocabulary: 256 },
      activation: 'gelu',
      parametrisation: { embeddingScale: 1, outputScale: 1 },
    },
    row: { runId, step: 10, tokens: 20_000, loss, validationLoss: loss + 0.1 },
    imported: null,
  }) as unknown as Entry

it('says losses in the chosen unit, each by its own run, and no number where its factor is not known', () => {
  const factors: Record<string, { training: number; validation: number }> = { a: { training: 0.5, validation: 0.4 } }
  const unit = {
    words: 'bits per byte',
    said: ({ id }: { id: string }, loss: number | null, split: 'training' | 'validation') =>
      loss === null || !factors[id] ? null : loss * factors[id][split],
  }
  const facts = factRows(entry('a', 3), entry('b', 2), new Map(), unit)
  const valueOf = (name: string) => facts.find((one) => one.name === name)
  expect(valueOf('Training loss (bits per byte)')).toMatchObject({ a: '1.50', b: '–' })
  expect(valueOf('Validation loss (bits per byte)')).toMatchObject({ a: '1.24', b: '–' })
})
