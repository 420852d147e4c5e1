// Rows of tasks that are made here: a context, its choices, and which is right.
import type { Random } from '#shared/random.ts'

export interface SyntheticRow {
  context: string
  choices: string[]
  gold: number
  [field: string]: unknown
}

/** Distinct things of a list, in a drawn order. */
export function draw<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from]
  return Array.from({ length: count }, () => left.splice(random.integer(left.length), 1)[0])
}

/** The right answer among wrong ones, at a drawn place. */
export function place(random: Random, context: string, right: string, wrong: readonly string[]): SyntheticRow {
  const gold = random.integer(wrong.length + 1)
  const choices = [...wrong]
  choices.splice(gold, 0, right)
  return { context, choices, gold }
}
