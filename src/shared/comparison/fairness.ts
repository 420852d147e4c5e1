// Whether two studies differ in the change alone: what their recipes say, what was alike, and how well each was tuned.
import type { Recipe } from '../family/recipe.ts'
import { exactly, rounded } from '../numbers.ts'
import { both, type Pair } from '../scaling/multiplier/pair-fit.ts'
import type { EvidencePoint, StudyEvidence, TextRead } from './evidence.ts'

export interface Difference {
  /** A field of the recipe, or what follows from it. */
  field: string
  a: string
  b: string
  /** It follows from other choices, as a learning rate by rule does. */
  isDerived: boolean
}

export interface Likeness {
  what: string
  isSame: boolean
  /** What it is, or how they differ. */
  words: string
}

export interface Fairness {
  differences: Difference[]
  likenesses: Likeness[]
  /** One sentence for each study: what was swept, and whether what was best was used. */
  tuning: Pair<string>
  isTuned: Pair<boolean>
  isSameTokenizer: boolean
  /** Why times on this machine cannot be compared; null where they can. */
  timeProblem: string | null
}

const text = (value: unknown): string =>
  value === undefined || value === null ? 'by rule' : typeof value === 'number' ? exactly(value) : String(value)

export function fairnessOf(evidence: Pair<StudyEvidence>): Fairness {
  const { a, b } = evidence
  const texts = [...a.points, ...b.points].map(({ text }) => text)
  const isSameText = areAlike(texts.map(contentOf))
  const isSameTokenizer = areAlike(texts.map(tokenizerOf))
  const tuning = both(evidence, tuningOf)
  return {
    differences: [...recipeDifferences(a.recipe, b.recipe), ...derivedDifferences(evidence)],
    likenesses: [
      likeness(
        'data',
        isSameText,
        ...pairOf(both(evidence, ({ points }) => listed(points.map(({ text }) => text.name)))),
      ),
      likeness('tokenizer', isSameTokenizer, ...pairOf(both(evidence, tokenizerText))),
      shapeLikeness(evidence),
      orderLikeness(evidence, isSameText && isSameTokenizer),
      likeness('validation tokens', isSameText && isSameTokenizer, ...pairOf(both(evidence, validationText))),
    ],
    tuning: both(tuning, ({ words }) => words),
    isTuned: both(tuning, ({ isTuned }) => isTuned),
    isSameTokenizer,
    timeProblem: timeProblemOf(evidence),
  }
}

const areAlike = (all: readonly string[]): boolean => new Set(all).size < 2
const listed = (all: readonly string[]): string => [...new Set(all)].join(' and ') || 'none'

const contentOf = ({ content, corpusId }: TextRead): string => content ?? corpusId

/** A BPE of so many tokens is learned on its text, and another one on another text. */
const tokenizerOf = (text: TextRead): string =>
  JSON.stringify([text.tokenizer, text.tokenizer.kind === 'bpe' ? contentOf(text) : null])

const pairOf = <T>({ a, b }: Pair<T>): [T, T] => [a, b]

/** `isPossible`: a and b saying the same means that they are the same. */
const likeness = (what: string, isPossible: boolean, a: string, b: string): Likeness => ({
  what,
  isSame: isPossible && (a === b || what === 'data'),
  words: a === b ? a : `${a} against ${b}`,
})

/** `peakLearningRate` as a sentence has it: peak learning rate. */
export const inWords = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^mup /, 'muP ')

/** muP's fields say nothing of a recipe without muP. */
function recipeDifferences(a: Recipe, b: Recipe): Difference[] {
  const isMup = a.parametrisation === 'mup' || b.parametrisation === 'mup'
  const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof Recipe)[]
  return fields
    .filter((field) => field !== 'seed' && (isMup || !field.startsWith('mup')))
    .filter((field) => (a[field] ?? null) !== (b[field] ?? null))
    .map((field) => ({ field: inWords(field), a: text(a[field]), b: text(b[field]), isDerived: false }))
}

/** What rules made of the recipes, at the smallest and the largest size that both have. */
function derivedDifferences({ a, b }: Pair<StudyEvidence>): Difference[] {
  const sizes = a.points.filter((point) => b.points.some((other) => isSameShape(point, other)))
  const ends = sizes.length ? [...new Set([sizes[0], sizes[sizes.length - 1]])] : []
  return (['peakLearningRate', 'batchSequences'] as const).flatMap((field) =>
    ends.flatMap((point): Difference[] => {
      const other = b.points.find((one) => isSameShape(point, one))!
      if (point[field] === other[field]) return []
      return [
        { field: `${inWords(field)} of ${point.name}`, a: text(point[field]), b: text(other[field]), isDerived: true },
      ]
    }),
  )
}

const isSameShape = ({ shape: p }: EvidencePoint, { shape: q }: EvidencePoint): boolean =>
  p.layers === q.layers && p.width === q.width && p.heads === q.heads

function shapeLikeness({ a, b }: Pair<StudyEvidence>): Likeness {
  const shapesOf = ({ points }: StudyEvidence) =>
    [...new Set(points.map(({ shape: { layers, width, heads } }) => `${layers}×${width}/${heads}`))].join(', ')
  return likeness('sizes (layers × width / heads)', true, shapesOf(a), shapesOf(b))
}

/** Which sequences a step sees follows from the seed and the step alone, so batches must be as large as well. */
function orderLikeness(evidence: Pair<StudyEvidence>, isPossible: boolean): Likeness {
  const seeds = both(evidence, ({ points }) =>
    [...new Set(points.map(({ seed }) => seed))].sort((p, q) => p - q).join(', '),
  )
  const cuts = both(evidence, ({ recipe, points }) =>
    JSON.stringify([recipe.context, [...new Set(points.map(({ batchSequences }) => batchSequences))]]),
  )
  const isSame = isPossible && seeds.a === seeds.b && cuts.a === cuts.b
  const same = `seeds ${seeds.a}`
  return {
    what: 'order of the data',
    isSame,
    words: isSame ? same : seeds.a === seeds.b ? `${same}, other batches` : `${same} against ${seeds.b}`,
  }
}

function validationText({ points }: StudyEvidence): string {
  const kinds = new Set(
    points.map(
      ({ validationTokens, isWholeSplit }) =>
        `${isWholeSplit ? 'whole split' : 'the first'}, ${exactly(validationTokens)}`,
    ),
  )
  return kinds.size === 0 ? 'none' : [...kinds].join(' and ')
}

const tokenizerText = ({ points }: StudyEvidence): string =>
  listed(
    points.map(({ text: { tokenizer } }) =>
      tokenizer.kind === 'bpe' ? `BPE of ${exactly(tokenizer.vocabulary)}` : tokenizer.kind,
    ),
  )

/** A rate counts as the best where it is within an eighth of it: sweeps step by two. */
const isNear = (a: number, b: number): boolean => Math.abs(Math.log(a / b)) < 0.12

function tuningOf({ sweeps }: StudyEvidence): { isTuned: boolean; words: string } {
  if (sweeps.length === 0) return { isTuned: false, words: 'The learning rate was not swept.' }
  const rate = (value: number) => String(rounded(value))
  const said = sweeps.map(({ name, rates, best, isInterior, used }) => {
    const place = isInterior
      ? `${rate(best)} was best of ${rates.length}`
      : `the best of ${rates.length}, ${rate(best)}, lies at the edge, so the optimum is not known`
    return `at ${name} ${place}${isNear(best, used) ? ' and is used' : `, ${rate(used)} is used`}`
  })
  return {
    isTuned: sweeps.every(({ isInterior, best, used }) => isInterior && isNear(best, used)),
    words: `Learning rate swept: ${said.join('; ')}.`,
  }
}

function timeProblemOf({ a, b }: Pair<StudyEvidence>): string | null {
  const computersOf = ({ points }: StudyEvidence) => [
    ...new Set(
      points.map(
        ({ engine, device, threads }) => `${engine} on ${device ?? 'an unknown device'}, ${threads || 'all'} threads`,
      ),
    ),
  ]
  const [pa, pb] = [computersOf(a), computersOf(b)]
  return pa.length === 1 && pb.length === 1 && pa[0] === pb[0]
    ? null
    : `They were not all trained by the same engine on the same device (${[...new Set([...pa, ...pb])].join(' and ')}), so their times say nothing of the recipes.`
}
