// What the lab knows of a corpus and of its tokens.
import type { FaultCode } from './fault.ts'
import type { TaskState } from './task-state.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

export type Split = 'train' | 'validation' | 'test'

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
  splits: Record<Split, { documents: number; bytes: number }>
  createdMs: number
  /** While it is read: bytes read of bytes to read. */
  progress: { doneBytes: number; totalBytes: number } | null
  /** Why it failed or is paused. */
  message: string | null
  code?: FaultCode | null
}

/** A corpus under one tokenizer. */
export interface TokenizedCorpus {
  corpusId: string
  tokenizer: TokenizerChoice
  state: TaskState
  vocabulary: number
  tokens: Record<Split, number>
  /** UTF-8 bytes a token, on the validation split. */
  bytesPerToken: number
  /** 0 to 1 while it is made. */
  progress: number | null
  message: string | null
  code?: FaultCode | null
}
