// Tasks that are made of a text: the right answer is what stands there, the others are not.
import { beforeAll, describe, expect, it } from 'vitest'
import { syntheticTasks } from '#shared/evaluation/evaluation.ts'
import { readDocuments } from '#main/core/evaluation/documents.ts'
import { readItem } from '#main/core/evaluation/items.ts'
import { findTask } from '#main/core/evaluation/tasks.ts'
import { isMadeOfText, textRows } from '#main/core/evaluation/text-tasks.ts'

let documents: string[]
beforeAll(async () => {
  documents = (await readDocuments(null)).slice(0, 400)
})
interface Row {
  context: string
  choices: string[]
  gold: number
}
const rowsOf = (name: string, count = 60, seed = 1): Row[] =>
  textRows(name, documents, { seed, count }).map(({ row }) => row as unknown as Row)

describe.each([...syntheticTasks])('%s', (name) => {
  it('makes the same items of the same text and seed, with different choices and the answer anywhere', () => {
    expect(isMadeOfText(name)).toBe(true)
    const rows = textRows(name, documents, { seed: 3, count: 60 })
    expect(rows.length).toBe(60)
    expect(textRows(name, documents, { seed: 3, count: 60 })).toEqual(rows)
    expect(textRows(name, documents, { seed: 4, count: 60 })).not.toEqual(rows)
    const count = Math.round(1 / findTask(name).chance!)
    const golds = new Set<number>()
    for (const row of rows) {
      const item = readItem(findTask(name), row)
      if (item.kind !== 'choices') throw new Error(item.kind)
      expect(new Set(item.choices).size).toBe(count)
      golds.add(item.gold)
    }
    expect(golds.size).toBe(count)
  })

  it('gives nothing where the text has too little', () => {
    expect(textRows(name, ['Too short.'], { seed: 1, count: 10 })).toEqual([])
  })
})

it('the right answer is what stands in the text', () => {
  const whole = documents.join('\n')
  for (const name of ['word_order', 'agreement', 'prepositions', 'continuation'])
    for (const { context, choices, gold } of rowsOf(name)) {
      expect(whole).toContain(`${context} ${choices[gold]}`)
      choices.forEach((choice, i) => {
        if (i !== gold && name === 'word_order')
          expect(choice.split(' ').sort()).toEqual(choices[gold].split(' ').sort())
      })
    }
})

it('a repetition repeats: what is asked for stood at the same place before', () => {
  for (const { context, choices, gold } of rowsOf('repetition')) {
    const [first, second] = context.split(', ')
    expect(first.startsWith(`${second} ${choices[gold]}`)).toBe(true)
    for (const choice of choices) expect(first.split(' ')).toContain(choice)
  }
})

it('no answer is right more often for its word alone', () => {
  const counts = (name: string) => {
    const by = new Map<string, number>()
    for (const { choices, gold } of rowsOf(name, 84)) by.set(choices[gold], (by.get(choices[gold]) ?? 0) + 1)
    return by
  }
  expect([...counts('prepositions').values()]).toEqual(Array(7).fill(12))
  expect([...counts('agreement').values()]).toEqual(Array(6).fill(14))
})

it('a cloze leaves out the last word of a sentence of the text', () => {
  const text = Array.from(
    { length: 60 },
    (_, i) =>
      `The old sailor number ${i} went down to the harbour and looked for the ${['captain', 'anchor', 'whale', 'storm', 'island'][i % 5]}. Nobody else was there that morning.`,
  ).join(' ')
  const rows = textRows('cloze', [text], { seed: 1, count: 20 })
  expect(rows.length).toBe(20)
  for (const { row } of rows) {
    const { context, choices, gold } = row as { context: string; choices: string[]; gold: number }
    expect(text).toContain(`${context} ${choices[gold]}.`)
    expect(new Set(choices).size).toBe(4)
  }
})
