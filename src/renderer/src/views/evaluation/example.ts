// One example as a person reads it: what was asked, each answer with its likelihood, which is right and which was
// taken.
import { isRight } from '#shared/evaluation/evaluation.ts'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import type { TaskKind } from '#shared/evaluation/task.ts'

export interface Answer {
  text: string
  /** Nats; likelier is larger. */
  sum: number
  perCharacter: number
  perByte: number
  isGold: boolean
  /** What acc takes, and what acc_norm takes. */
  isTaken: boolean
  isTakenNorm: boolean
}

export interface Example {
  index: number
  context: string
  /** What follows every context of a `contexts` task. */
  after: string | null
  answers: Answer[]
  verdict: boolean | null
  verdictNorm: boolean | null
  /** For a last word: whether the model would have written it. */
  isGreedy: boolean | null
  /** For a text. */
  bitsPerByte: number | null
}

const encoder = new TextEncoder()
const bytesOf = (text: string): number => encoder.encode(text).length
const charactersOf = (text: string): number => [...text].length

/** The first of the largest, as scoring takes it. */
const bestAt = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value > values[best] ? i : best), 0)

export function exampleOf(item: ItemRecord, kind: TaskKind): Example {
  const { contexts, continuations, gold, logLikelihoods, areGreedy, metrics, size } = item
  const texts = kind === 'contexts' ? contexts : continuations
  // The likelihood is always of the continuation, so its length is what it is divided by.
  const scored = (i: number) => (kind === 'contexts' ? continuations[0] : continuations[i])
  const perCharacter = logLikelihoods.map((value, i) => value / Math.max(1, charactersOf(scored(i))))
  const [taken, takenNorm] = [bestAt(logLikelihoods), bestAt(perCharacter)]
  const hasChoices = kind === 'choices' || kind === 'contexts'
  return {
    index: item.index,
    context: kind === 'contexts' ? '' : contexts[0],
    after: kind === 'contexts' ? continuations[0] : null,
    answers:
      kind === 'text'
        ? []
        : texts.map((text, i) => ({
            text,
            sum: logLikelihoods[i],
            perCharacter: perCharacter[i],
            perByte: logLikelihoods[i] / Math.max(1, bytesOf(scored(i))),
            isGold: hasChoices ? i === gold : true,
            isTaken: hasChoices && i === taken,
            isTakenNorm: hasChoices && i === takenNorm,
          })),
    verdict: isRight(item),
    verdictNorm: metrics.acc_norm === undefined ? null : metrics.acc_norm === 1,
    isGreedy: kind === 'last-word' ? areGreedy[0] : null,
    bitsPerByte: kind === 'text' && size ? -logLikelihoods[0] / size.bytes / Math.LN2 : null,
  }
}

/** A line that tells it from the others in a list: how the question ends, for its beginning is often the same. */
export function summaryOf(item: ItemRecord, kind: TaskKind): string {
  const text = (
    kind === 'text'
      ? item.continuations[0]
      : kind === 'contexts'
        ? `${item.contexts[0]} … ${item.continuations[0]}`
        : item.contexts[0]
  )
    .replace(/\s+/g, ' ')
    .trim()
  const most = 120
  return text.length <= most
    ? text
    : kind === 'choices' || kind === 'last-word'
      ? `… ${text.slice(-most)}`
      : `${text.slice(0, most)} …`
}
