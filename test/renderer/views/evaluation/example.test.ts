import { describe, expect, it } from 'vitest'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import { exampleOf, summaryOf } from '#renderer/views/evaluation/example.ts'

describe('an example', () => {
  const item = (changes: Partial<ItemRecord> = {}): ItemRecord => ({
    kind: 'item',
    task: 't',
    index: 4,
    contexts: ['Which?'],
    continuations: ['a', 'bcdé'],
    gold: 1,
    logLikelihoods: [-2, -4],
    areGreedy: [true, false],
    metrics: { acc: 0, acc_norm: 1 },
    ...changes,
  })

  it('shows sums, and what each is for its length in characters and bytes', () => {
    const { answers, verdict, verdictNorm } = exampleOf(item(), 'choices')
    expect(answers.map(({ sum, perCharacter, perByte }) => [sum, perCharacter, perByte])).toEqual([
      [-2, -2, -2],
      [-4, -1, -0.8],
    ])
    expect(answers.map(({ isGold, isTaken, isTakenNorm }) => [isGold, isTaken, isTakenNorm])).toEqual([
      [false, true, false],
      [true, false, true],
    ])
    expect([verdict, verdictNorm]).toEqual([false, true])
  })

  it('of several beginnings is judged by what follows them', () => {
    const { answers, context, after } = exampleOf(
      item({ contexts: ['Ann', 'Bob'], continuations: ['left'], metrics: { acc: 1 } }),
      'contexts',
    )
    expect(answers.map(({ text, perCharacter }) => [text, perCharacter])).toEqual([
      ['Ann', -0.5],
      ['Bob', -1],
    ])
    expect([context, after]).toEqual(['', 'left'])
  })

  it('of a text is bits per byte, and neither right nor wrong', () => {
    const { bitsPerByte, verdict, answers } = exampleOf(
      item({
        contexts: [''],
        continuations: ['text'],
        gold: null,
        logLikelihoods: [-4 * Math.LN2],
        areGreedy: [false],
        metrics: { bits_per_byte: -4 * Math.LN2 },
        size: { words: 1, bytes: 4 },
      }),
      'text',
    )
    expect(bitsPerByte).toBeCloseTo(1)
    expect([verdict, answers]).toEqual([null, []])
  })

  it('is told from others by how its question ends', () => {
    const long = `${'Once upon a time '.repeat(20)}\n\nwho came?`
    expect(summaryOf(item({ contexts: [long] }), 'choices')).toMatch(/^… .*who came\?$/)
    expect(summaryOf(item({ contexts: ['Ann', 'Bob'], continuations: ['left'] }), 'contexts')).toBe('Ann … left')
  })
})
