// The published accuracies are whole: every row has the seven tasks, and its printed mean is theirs.
import { expect, it } from 'vitest'
import { publishedResults } from '#shared/evaluation/published.ts'

it('every printed average is the mean of its seven tasks, to its three digits', () => {
  const { results } = publishedResults
  expect(new Set(results.map(({ family }) => family))).toEqual(
    new Set(['Cerebras-GPT', 'Cerebras-GPT-muP', 'Pythia', 'Pythia-deduped', 'GPT-J', 'GPT-NeoX', 'OPT']),
  )
  for (const { family, model, shots, flops, acc, average } of results) {
    const values = Object.values(acc)
    expect(values.length, `${family} ${model} ${shots}`).toBe(7)
    expect(
      Math.abs(values.reduce((sum, value) => sum + value, 0) / 7 - average),
      `${family} ${model} ${shots}`,
    ).toBeLessThan(0.0016)
    expect(flops).toBeGreaterThan(1e18)
  }
})
