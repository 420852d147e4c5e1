// A folder of texts, and what is read from it into a corpus.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { ingestCorpus, type IngestReport } from '#main/core/corpus/ingest.ts'
import { readDocuments } from '#main/platform/disk/corpus-files.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import type { Fault } from '#shared/fault.ts'

export let home = ''

export const corpus = () => join(home, 'corpora', 'one')
export const write = (name: string, bytes: string | Uint8Array): string => {
  const path = join(home, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
  return path
}
export const none = { records: 0, files: 0, replaced: 0, removed: 0, first: null }
export const never = new AbortController().signal

export async function ingest(paths: string[], folder = corpus(), signal = never): Promise<IngestReport> {
  for await (const record of ingestCorpus({ corpusId: 'one', name: 'One', folder, paths }, signal))
    if (record.kind === 'done') return record.report
  throw new Error('no report')
}

export async function faultOf(paths: string[]): Promise<Fault> {
  const error = await ingest(paths).catch((cause: unknown) => cause as Fault)
  if (!('code' in error)) throw new Error('nothing failed')
  // Whatever failed, nothing is left behind.
  expect(existsSync(join(home, 'corpora')) ? readdirSync(join(home, 'corpora')) : []).toEqual([])
  return error
}

export const documents = (folder = corpus()) =>
  Object.fromEntries(splits.map((split) => [split, [...readDocuments(folder, split)]]))
export const all = (folder = corpus()) => Object.values(documents(folder)).flat().sort()
export const lines = (count: number, make = (index: number) => `document ${index} says ${index * 7}`) =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ text: make(index), more: 1 })).join('\n')

/** Gives each test of a file a folder of its own. */
export function useFolder(): void {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'corpus-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))
}
