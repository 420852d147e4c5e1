// Tasks made of a text that a model has not read: they need no file, and small models rise on them with compute
// (docs/evaluation.md has the curves). The wrong answers are of the same text.
import { createRandom, type Random } from '#shared/random.ts'
import type { PlacedRow } from './items.ts'
import { draw, place, type SyntheticRow } from './made-rows.ts'

interface Wanted {
  seed: number
  count: number
}
type Maker = (documents: readonly string[], random: Random, count: number) => SyntheticRow[]

/** Whether a task's items are made of a text where no file is named. */
export const isMadeOfText = (name: string): boolean => name === 'cloze' || Object.hasOwn(makers, name)

/** A text with too little of what a task asks for gives fewer rows, or none; the same ones for the same seed. */
export function textRows(name: string, documents: readonly string[], wanted: Wanted): PlacedRow[] {
  if (name === 'cloze') return clozeRows(documents, wanted)
  // Each looks at other places of the text: two tasks over the same ones would say the same thing twice.
  const random = createRandom(wanted.seed + 1000 * Object.keys(makers).indexOf(name))
  return makers[name](documents, random, wanted.count).map((row, i) => ({
    row: { ...row },
    where: `${name}, item ${i + 1}`,
  }))
}

/** Something found in a text, and what a model reads before it. */
interface Found {
  before: string
  found: string
}

/** A model reads this much before what is asked, cut at a word; where a document has less than the least, nothing. */
const [leastCharacters, mostCharacters] = [40, 150]

function findIn(documents: readonly string[], pattern: RegExp): Found[] {
  return documents.flatMap((document) =>
    [...document.matchAll(pattern)].flatMap((match) => {
      const start = document.slice(Math.max(0, match.index - mostCharacters), match.index)
      const before = start.slice(start.search(/\s/) + 1).trimEnd()
      return before.length < leastCharacters ? [] : [{ before, found: match[0] }]
    }),
  )
}

/** So many words in small letters with nothing but spaces between. */
const runOfWords = (count: number): RegExp => new RegExp(`(?<= )\\p{Ll}+(?: \\p{Ll}+){${count - 1}}(?=[ ,.;:?!])`, 'gu')

const oneWordOf = (words: readonly string[]): RegExp => new RegExp(`(?<= )(?:${words.join('|')})(?= )`, 'g')

/** As many of each word, in a drawn order. */
function evenly(random: Random, found: readonly Found[], words: readonly string[], count: number): Found[] {
  const by = words.map((word) => found.filter((one) => one.found === word))
  const each = Math.min(Math.ceil(count / words.length), ...by.map(({ length }) => length))
  const drawn = by.flatMap((those) => draw(random, those, each))
  return draw(random, drawn, Math.min(count, drawn.length))
}

/** Two words that agree with one and with several. */
const verbs = [
  ['is', 'are'],
  ['was', 'were'],
  ['has', 'have'],
] as const
const prepositions = ['of', 'to', 'in', 'for', 'by', 'with', 'on']

const makers: Record<string, Maker> = {
  continuation: (documents, random, count) => {
    const runs = findIn(documents, runOfWords(5))
    return draw(random, runs, Math.min(count, runs.length)).flatMap(({ before, found }) => {
      const wrong = draw(random, runs, Math.min(4, runs.length)).map((one) => one.found)
      const others = [...new Set(wrong)].filter((one) => one !== found).slice(0, 3)
      return others.length < 3 ? [] : [place(random, before, found, others)]
    })
  },
  word_order: (documents, random, count) => {
    const runs = findIn(documents, runOfWords(5))
    const rows = draw(random, runs, Math.min(4 * count, runs.length)).flatMap(({ before, found }) => {
      const words = found.split(' ')
      const orders = [0, 1, 2, 3].map((i) =>
        words.map((_, k) => words[k === i ? i + 1 : k === i + 1 ? i : k]).join(' '),
      )
      const wrong = [...new Set(orders)].filter((one) => one !== found)
      return wrong.length < 3 ? [] : [place(random, before, found, draw(random, wrong, 3))]
    })
    return rows.slice(0, count)
  },
  agreement: (documents, random, count) => {
    const rows = verbs.flatMap((pair) => {
      const found = evenly(random, findIn(documents, oneWordOf(pair)), pair, Math.ceil(count / verbs.length))
      return found.map((one) => place(random, one.before, one.found, [one.found === pair[0] ? pair[1] : pair[0]]))
    })
    return draw(random, rows, Math.min(count, rows.length))
  },
  prepositions: (documents, random, count) =>
    evenly(random, findIn(documents, oneWordOf(prepositions)), prepositions, count).map(({ before, found }) => {
      const others = prepositions.filter((one) => one !== found)
      return place(random, before, found, draw(random, others, 3))
    }),
  repetition: (documents, random, count) => {
    const runs = findIn(documents, runOfWords(8))
    const rows = draw(random, runs, Math.min(4 * count, runs.length)).flatMap(({ found }) => {
      const words = found.split(' ')
      const given = 3 + random.integer(4)
      const others = [...new Set(words)].filter((word) => word !== words[given])
      const before = `${found}, ${words.slice(0, given).join(' ')}`
      return others.length < 3 ? [] : [place(random, before, words[given], draw(random, others, 3))]
    })
    return rows.slice(0, count)
  },
}

const wordPattern = /[\p{L}\p{M}'’-]+/gu
/** A cloze reads this much before the missing word. */
const clozeCharacters = 200

/**
 * Sentences of a text without their last word; the wrong words are others of the same text and about as common, so that
 * no model is right by
 * counting words. A text with too few words gives fewer rows, or none.
 */
function clozeRows(documents: readonly string[], { seed, count }: Wanted): PlacedRow[] {
  const random = createRandom(seed)
  const counts = new Map<string, number>()
  const sentences: { before: string; word: string }[] = []
  for (const document of documents) {
    for (const [word] of document.matchAll(wordPattern)) counts.set(word, (counts.get(word) ?? 0) + 1)
    // A word that ends no sentence matches as well: a text may be one of a million letters.
    for (const match of document.matchAll(/([\p{L}\p{M}'’-]{3,})([.!?])?/gu)) {
      if (match[2] === undefined) continue
      const start = document.slice(Math.max(0, match.index! - clozeCharacters), match.index)
      const before = start.slice(start.search(/\s/) + 1).trimEnd()
      if (before.length >= 40) sentences.push({ before, word: match[1] })
    }
  }
  const common = [...counts]
    .filter(([word]) => word.length >= 3)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([word]) => word)
  const rankOf = new Map(common.map((word, rank) => [word, rank]))
  if (common.length < 8) return []
  return draw(random, sentences, Math.min(count, sentences.length)).map(({ before, word }, i) => {
    const rank = rankOf.get(word) ?? common.length - 1
    const from = Math.max(0, Math.min(rank - 10, common.length - 21))
    const wrong = draw(
      random,
      common.slice(from, from + 21).filter((one) => one.toLowerCase() !== word.toLowerCase()),
      3,
    )
    return { row: { ...place(random, before, word, wrong) }, where: `cloze, item ${i + 1}` }
  })
}
