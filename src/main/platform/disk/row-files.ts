// Rows of records for evaluation: a line of JSON each, or a parquet file read at any place.
import { type OpenFile, openFile, readText } from './files.ts'

/**
 * The lines of a text file that are not empty, with their numbers from 1. A byte-order mark is no part of the first.
 */
export async function readLines(path: string): Promise<{ line: number; text: string }[]> {
  const text = await readText(path)
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((one, i) => ({ line: i + 1, text: one }))
    .filter((one) => one.text.trim() !== '')
}

/** A file as hyparquet wants to read it. */
export interface SliceFile {
  readonly byteLength: number
  slice(start: number, end?: number): Promise<ArrayBuffer>
  close(): Promise<void>
}

export async function openSlices(path: string): Promise<SliceFile> {
  const file: OpenFile = await openFile(path)
  return {
    byteLength: file.sizeBytes,
    async slice(start, end = file.sizeBytes) {
      const from = start < 0 ? file.sizeBytes + start : start
      const bytes = new Uint8Array(Math.max(0, Math.min(end, file.sizeBytes) - from))
      await file.readInto(bytes, from)
      return bytes.buffer
    },
    close: () => file.close(),
  }
}
