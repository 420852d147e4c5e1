// Token files: 16-bit little-endian ids end to end, written in turn and read where they are asked for.
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Split } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import {
  createAppender,
  createStagingFolder,
  diskFault,
  readFully,
  readTextFile,
  splits,
  writeTextFile,
  type Appender,
} from './text-files.ts'

/** Tokens in a file, read where they are asked for. */
export interface TokenReader {
  /** Tokens in all. */
  length: number
  /** `count` tokens from `offset` on, both in tokens. */
  read(offset: number, count: number): Uint16Array
  close(): void
}

export const tokensPath = (tokensFolder: string, split: Split): string => join(tokensFolder, `${split}.bin`)
const reportPath = (tokensFolder: string): string => join(tokensFolder, 'tokens.json')

/** Opens a token file; nothing of it is held in memory. */
export function openTokens(path: string): TokenReader {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw diskFault(error, path)
  }
  const bytes = fstatSync(file).size
  if (bytes % 2 !== 0) {
    closeSync(file)
    throw new Fault('damaged', `${path} is not a whole number of tokens. Tokenize the corpus again.`)
  }
  const length = bytes / 2
  return {
    length,
    read(offset, count) {
      if (offset < 0 || count < 0 || offset + count > length)
        throw new Error(`tokens ${offset} to ${offset + count} of ${length} in ${path}`)
      const tokens = new Uint16Array(count)
      readFully(file, new Uint8Array(tokens.buffer), offset * 2)
      return tokens
    },
    close: () => closeSync(file),
  }
}

export interface TokenWriter {
  folder: string
  counts: Record<Split, number>
  add(split: Split, tokens: Uint16Array): void
  keep(report: unknown): void
  discard(): void
}

/** The token files of a corpus, written aside; the folder appears with `keep`. */
export function createTokenWriter(tokensFolder: string): TokenWriter {
  const staging = createStagingFolder(tokensFolder)
  const counts: Record<Split, number> = { train: 0, validation: 0, test: 0 }
  const files = new Map<Split, Appender>(
    splits.map((split) => [split, createAppender(tokensPath(staging.folder, split))]),
  )
  return {
    folder: staging.folder,
    counts,
    add(split, tokens) {
      files.get(split)!.append(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
      counts[split] += tokens.length
    },
    keep(report) {
      for (const file of files.values()) file.finish()
      writeTextFile(reportPath(staging.folder), `${JSON.stringify(report, null, 2)}\n`)
      staging.keep()
    },
    discard() {
      for (const file of files.values()) file.abandon()
      staging.discard()
    },
  }
}

/** What `keep` was given. */
export function readTokensReport(tokensFolder: string): unknown {
  try {
    return JSON.parse(readTextFile(reportPath(tokensFolder)))
  } catch (error) {
    throw error instanceof SyntaxError
      ? new Fault('damaged', `${reportPath(tokensFolder)} is damaged. Tokenize the corpus again.`, { cause: error })
      : error
  }
}
