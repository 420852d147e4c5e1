// Drills have one right answer among wrong ones, the same for the same seed.
import { describe, expect, it } from 'vitest'
import { readItem } from '#main/core/evaluation/items.ts'
import { findTask } from '#main/core/evaluation/tasks.ts'
import { syntheticDocuments, syntheticRows, syntheticText } from '#main/core/evaluation/synthetic-tasks.ts'

describe.each(['copy', 'reverse', 'brackets', 'arithmetic'])('%s', (name) => {
  it('makes the same items of the same seed, with four different choices and the answer anywhere', () => {
    const rows = syntheticRows(name, { seed: 3, count: 200 })
    expect(syntheticRows(name, { seed: 3, count: 200 })).toEqual(rows)
    expect(syntheticRows(name, { seed: 4, count: 200 })).not.toEqual(rows)
    const golds = new Set<number>()
    for (const row of rows) {
      const item = readItem(findTask(name), row)
      if (item.kind !== 'choices') throw new Error(item.kind)
      expect(new Set(item.choices).size).toBe(4)
      golds.add(item.gold)
    }
    expect(golds.size).toBe(4)
    expect(syntheticDocuments(name, { seed: 1, count: 2 })[1].split('\n').length).toBe(40)
  })
})

it('the answers are right', () => {
  const answered = (name: string) =>
    syntheticRows(name, { seed: 5, count: 100 }).map(
      ({ row }) => `${row.context} ${(row.choices as string[])[row.gold as number]}`,
    )
  for (const line of answered('copy')) {
    const [list, copy] = line.split(' = ')
    expect(list.startsWith(copy)).toBe(true)
  }
  for (const line of answered('reverse')) {
    const [list, back] = line.split(' < ')
    expect(list.split(' ').reverse().join(' ').startsWith(back)).toBe(true)
  }
  for (const line of answered('arithmetic')) {
    const [a, , b, , sum] = line.split(' ')
    expect(Number(a) + Number(b)).toBe(Number(sum))
  }
  const pairs: Record<string, string> = { ')': '(', ']': '[', '}': '{', '>': '<' }
  for (const line of answered('brackets')) {
    const open: string[] = []
    for (const sign of line.split(' ')) {
      if (sign in pairs) expect(open.pop()).toBe(pairs[sign])
      else open.push(sign)
    }
  }
})

it('a text to learn from has as many documents of every task', () => {
  const documents = syntheticText({ seed: 7, count: 3 }).split('\n<|endoftext|>\n')
  expect(documents.length).toBe(12)
  expect(documents.filter((one) => one.includes(' + ')).length).toBe(3)
  expect(documents.filter((one) => one.includes('( ')).length).toBe(3)
})
