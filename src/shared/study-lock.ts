// What a study file holds beside the study when it is to be repeated elsewhere to the same bits, and what came of it.
import type { EngineName } from './engine.ts'

/** One finished training, and what another one of it must come to. */
export interface LockedRun {
  memberId: string
  name: string
  /** Of weights and data order. */
  seed: number
  engine: EngineName
  /** 0: all physical cores. */
  threads: number
  /** Sequences per pass of a batch: the order in which gradients are added up, hence the last bits. */
  microBatchSequences: number
  steps: number
  /** Where it was trained, for people. */
  device: string | null
  /** SHA-256 of its training losses, step by step, then its validation loss, as 64-bit little-endian numbers. */
  losses: string
  /** The last training loss, nats/token. */
  loss: number
  /** Over the whole validation split; null where it has none. */
  validationLoss: number | null
}

export interface StudyLock {
  /** The version of Isoflop that trained. */
  version: string
  /** `content` of the corpus: SHA-256 over those of its documents. */
  text: string
  /** SHA-256 of tokenizer.json. */
  tokenizer: string
  runs: LockedRun[]
}

/** `differs`: it can be tried, and the bits may be others. `missing`: it cannot be tried. `unknown`: not there yet. */
export type LockStanding = 'same' | 'differs' | 'missing' | 'unknown'

export interface LockCheck {
  what: 'text' | 'tokenizer' | 'version' | 'engine'
  standing: LockStanding
  /** A sentence. */
  text: string
}

/** A locked run beside the one that repeated it. */
export interface RepeatedRun {
  locked: LockedRun
  /** Null until one is queued. */
  runId: string | null
  /** Whether every loss is the same bits; null until it has finished. */
  isSame: boolean | null
  loss: number | null
  validationLoss: number | null
}

export interface RepeatReport {
  checks: LockCheck[]
  runs: RepeatedRun[]
}

export const canRepeat = ({ checks }: Pick<RepeatReport, 'checks'>): boolean =>
  checks.every(({ standing }) => standing !== 'missing')

/** What came of it, in a sentence. */
export function repeatVerdict({ checks, runs }: RepeatReport): string {
  const done = runs.filter(({ isSame }) => isSame !== null)
  const same = done.filter(({ isSame }) => isSame)
  const missing = checks.find(({ standing }) => standing === 'missing')
  if (done.length === 0) return missing ? missing.text : `${runsOf(runs.length)} to repeat.`
  const rest = done.length < runs.length ? ` ${runs.length - done.length} not finished yet.` : ''
  if (same.length === done.length) return `Same bits: every loss of ${runsOf(done.length)} is the one recorded.${rest}`
  const largest = Math.max(...done.map(differenceOf))
  const size =
    largest > 0 ? `the final loss by up to ${(100 * largest).toPrecision(2)} %` : 'on the way, not at the end'
  return `Not the same bits: ${done.length - same.length} of ${runsOf(done.length)} ${done.length - same.length === 1 ? 'differs' : 'differ'}, ${size}.${rest}`
}

const runsOf = (count: number): string => `${count} run${count === 1 ? '' : 's'}`

/** Of the final losses, relative: the larger of both. */
function differenceOf({ locked, loss, validationLoss }: RepeatedRun): number {
  const pairs = [
    [locked.loss, loss],
    [locked.validationLoss, validationLoss],
  ]
  return Math.max(...pairs.map(([a, b]) => (a === null || b === null ? 0 : Math.abs(b - a) / a)))
}
