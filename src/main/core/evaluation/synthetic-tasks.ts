// Drills: lists, brackets and sums, made from a seed. A model learns them from a text of their own (`syntheticText`)
// alone; with any other it stays at chance whatever its size (docs/evaluation.md).
import { Fault } from '#shared/fault.ts'
import { createRandom, type Random } from '#shared/random.ts'
import type { PlacedRow } from './items.ts'
import { draw, place, type SyntheticRow } from './made-rows.ts'
import { isMadeOfText } from './text-tasks.ts'

const words = [
  'red',
  'blue',
  'green',
  'black',
  'white',
  'north',
  'south',
  'east',
  'west',
  'sun',
  'moon',
  'star',
  'tree',
  'stone',
  'river',
  'road',
  'king',
  'queen',
  'door',
  'bread',
]
const brackets = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
] as const

/** A list, and it again (or backwards) up to the word that is asked for. */
function listRow(random: Random, sign: string, answer: (list: string[]) => string[]): SyntheticRow {
  const list = draw(random, words, 4 + random.integer(3))
  const whole = answer(list)
  const given = 1 + random.integer(list.length - 1)
  const right = whole[given]
  const wrong = draw(
    random,
    list.filter((word) => word !== right),
    3,
  )
  return place(random, [...list, sign, ...whole.slice(0, given)].join(' '), right, wrong)
}

/** Brackets that are open, closed up to the one that is asked for. */
function bracketRow(random: Random): SyntheticRow {
  const open: number[] = Array.from({ length: 2 + random.integer(4) }, () => random.integer(brackets.length))
  const closed = random.integer(open.length)
  const signs = [
    ...open.map((kind) => brackets[kind][0]),
    ...[...open]
      .reverse()
      .slice(0, closed)
      .map((kind) => brackets[kind][1]),
  ]
  const right = open[open.length - 1 - closed]
  return place(
    random,
    signs.join(' '),
    brackets[right][1],
    brackets.filter((_, kind) => kind !== right).map(([, close]) => close),
  )
}

function sumRow(random: Random): SyntheticRow {
  const [a, b] = [random.integer(10), random.integer(10)]
  const near = [a + b - 2, a + b - 1, a + b + 1, a + b + 2, a + b + 3].filter((sum) => sum >= 0)
  return place(random, `${a} + ${b} =`, String(a + b), draw(random, near, 3).map(String))
}

const makers: Record<string, (random: Random) => SyntheticRow> = {
  copy: (random) => listRow(random, '=', (list) => list),
  reverse: (random) => listRow(random, '<', (list) => [...list].reverse()),
  brackets: bracketRow,
  arithmetic: sumRow,
}

/** Whether a task's texts may be a split of a corpus. */
export const readsTexts = (name: string): boolean => name === 'text' || isMadeOfText(name)

/** Whether a task makes its items itself where no file is named. */
export const madeItself = (name: string): boolean => Object.hasOwn(makers, name) || isMadeOfText(name)

/** The rows of a drill, the same for the same seed. Fault `bad-input` for a task that needs a file. */
export function syntheticRows(name: string, { seed, count }: { seed: number; count: number }): PlacedRow[] {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined
  if (!make) throw new Fault('bad-input', `data: ${name} needs a file with its items.`)
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, i) => ({ row: { ...make(random) }, where: `${name}, item ${i + 1}` }))
}

/** Text to train on: a document is some dozens of answered items, a line each. */
export function syntheticDocuments(name: string, { seed, count }: { seed: number; count: number }): string[] {
  const rows = syntheticRows(name, { seed, count: count * 40 }).map(({ row }) => row as unknown as SyntheticRow)
  return Array.from({ length: count }, (_, i) =>
    rows
      .slice(40 * i, 40 * (i + 1))
      .map(({ context, choices, gold }) => `${context} ${choices[gold]}`)
      .join('\n'),
  )
}

/**
 * Documents of all synthetic tasks in a drawn order. The seeds of `syntheticRows` in evaluations are 1 and 2: other
 * ones show other items.
 */
export function syntheticText({ seed, count }: { seed: number; count: number }): string {
  const documents = Object.keys(makers).flatMap((name, i) => syntheticDocuments(name, { seed: seed + i, count }))
  return draw(createRandom(seed), documents, documents.length).join('\n<|endoftext|>\n')
}
