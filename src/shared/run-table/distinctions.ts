// What tells runs of one name apart: the fields in which they differ, in a few words.
import { groupedBy } from '../grouped.ts'
import { exactly, inPowers, rounded } from '../numbers.ts'
import { textOf, type Value } from './column.ts'
import { recipeTitles, runColumns, type RunRow } from './run-columns.ts'

/** Differences that a name has room for. */
const mostNamed = 3

/** The fields that are asked, in the order in which they are named, and how each is said. */
const said: Record<string, (value: Value) => string> = {
  place: (place) => (place === 'this computer' ? '' : String(place).replace('emulated cluster ', '') + ' systems'),
  peakLearningRate: (rate) => `lr ${typeof rate === 'number' ? inPowers(rounded(rate)) : '?'}`,
  batchTokens: (tokens) => `batch ${typeof tokens === 'number' ? exactly(tokens) : '?'}`,
  steps: (steps) => `${typeof steps === 'number' ? exactly(steps) : '?'} steps`,
  seed: (seed) => `seed ${textOf(seed)}`,
  ...Object.fromEntries(
    Object.entries(recipeTitles)
      .filter(([field]) => !['peakLearningRate', 'batchTokens', 'seed'].includes(field))
      .map(([field, title]) => [field, (value: Value) => `${title.toLowerCase()} ${textOf(value)}`]),
  ),
  layers: (layers) => `${textOf(layers)} layers`,
  width: (width) => `width ${textOf(width)}`,
}
const asked = Object.keys(said).flatMap((key) => runColumns.find((column) => column.key === key) ?? [])

/**
 * By run, of those whose name others of their study have as well: `lr 3e-4, seed 1`. Runs that differ in nothing are
 * numbered in the order given.
 */
export function distinctions(rows: readonly RunRow[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const same of groupedBy(rows, ({ run }) => `${run.studyId} ${run.name}`).values()) {
    if (same.length < 2) continue
    const differing = asked.filter(({ of }) => new Set(same.map(of).filter((value) => value !== null)).size > 1)
    const used = new Map<string, number>()
    for (const row of same) {
      const words = differing.slice(0, mostNamed).flatMap(({ key, of }) => {
        const value = of(row)
        return value === null ? [] : [said[key](value)]
      })
      const text = words.filter(Boolean).join(', ')
      const place = (used.get(text) ?? 0) + 1
      used.set(text, place)
      const number = place > 1 ? `(${place})` : ''
      found.set(row.run.id, [text, number].filter(Boolean).join(' '))
    }
  }
  return found
}
