// What the lab knows of a corpus and of its tokens.
import type { FaultCode } from './fault.ts'
import { exactly } from './numbers.ts'
import type { TaskState } from './task-state.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

export type Split = 'train' | 'validation' | 'test'

/** What of the sources is not in a corpus, or not as it was there. */
export interface LeftOut {
  /** Records without a text, and lines too long for one. */
  records: number
  /** Files in folders that are of another kind or cannot be read. */
  files: number
  /** Sequences that were no UTF-8 and became U+FFFD. */
  replaced: number
  /** Zero bytes, and byte-order marks in the middle, that were taken out. */
  removed: number
  /** Control characters that stand in no text: everything below U+0020 but tab, line feed, form feed and escape. */
  controls?: number
  /** Why the first record or file was passed over; names it. */
  first: string | null
}

export interface Corpus {
  id: string
  name: string
  /** `bundled` ships with the lab and cannot be deleted. */
  origin: 'bundled' | 'added'
  state: TaskState
  /** Where the text came from: package, file or folder. */
  source: string
  licence: string | null
  bytes: number
  documents: number
  /** Exact duplicates that were left out. */
  duplicates: number
  /** Of what was read; older records do not say. */
  leftOut?: LeftOut
  /** Equal for two corpora of the same documents. */
  content?: string
  splits: Record<Split, { documents: number; bytes: number }>
  /** What a person says of it. */
  notes?: string
  /** The field of JSON lines, or the column of parquet, that holds the text; absent: `text`. */
  field?: string
  /** Where that one is not there: those of the first record that hold text. */
  fields?: string[]
  /** Why it looks like no text, or like text of another encoding. */
  warning?: string | null
  createdMs: number
  /** While it is read: bytes read of bytes to read. */
  progress: { doneBytes: number; totalBytes: number } | null
  /** Why it failed or is paused; of a finished one, what a person should know of it. */
  message: string | null
  code?: FaultCode | null
}

/** What a person may say of a text; another `field` reads one again that could not be read. */
export type CorpusChanges = Partial<Pick<Corpus, 'name' | 'licence' | 'notes' | 'field'>>

/** A corpus under one tokenizer. */
export interface TokenizedCorpus {
  corpusId: string
  tokenizer: TokenizerChoice
  state: TaskState
  vocabulary: number
  tokens: Record<Split, number>
  /** UTF-8 bytes per token of text, on the validation split: without the ends of text, that have no byte. */
  bytesPerToken: number
  /** 0 to 1 while it is made. */
  progress: number | null
  message: string | null
  code?: FaultCode | null
}

const plural = (count: number, noun: string): string => `${exactly(count)} ${noun}${count === 1 ? '' : 's'}`

/** The share from which a text is doubted: what a typing error or a stray byte makes stays far below it. */
const doubtfulShare = 0.01

/**
 * Why text of so many characters is doubted, null where it is not: more than 1 % of it was no UTF-8, or is what
 * stands in binary files.
 */
export function doubtOf({ replaced, removed, controls = 0 }: LeftOut, characters: number): string | null {
  const all = characters + removed
  if (all === 0) return null
  const percent = (count: number) => `${Number(((100 * count) / all).toPrecision(2))} %`
  if (replaced > doubtfulShare * all)
    return `${percent(replaced)} of this text was no UTF-8 and became U+FFFD: it may be of another encoding, such as Latin-1, or no text at all. Save it as UTF-8 and add it again.`
  if (removed + controls > doubtfulShare * all)
    return `${percent(removed + controls)} of this text are control characters: it looks like a binary file. Read some of it before you train on it.`
  return null
}

/** What was left out, in a sentence or two; empty where nothing was. */
export function leftOutText({ records, files, replaced, removed, first }: LeftOut): string {
  const passed = [records > 0 ? plural(records, 'record') : '', files > 0 ? plural(files, 'file') : ''].filter(Boolean)
  const sentences = [
    passed.length > 0 ? `${passed.join(' and ')} passed over; the first: ${first}` : '',
    replaced > 0
      ? `${plural(replaced, 'sequence')} that ${replaced === 1 ? 'was' : 'were'} no UTF-8 became U+FFFD.`
      : '',
    removed > 0 ? `${plural(removed, 'zero byte or byte-order mark')} taken out.` : '',
  ]
  return sentences.filter(Boolean).join(' ')
}
