import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ingestCorpus } from '#main/core/corpus/ingest.ts'

const home = mkdtempSync(join(tmpdir(), 'memory-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A file of `megabytes` MB in which no two documents are the same. */
function writeLarge(name: string, megabytes: number): string {
  const path = join(home, name)
  const file = openSync(path, 'w')
  for (let block = 0; block < megabytes; block++) {
    const lines = Array.from({ length: 500 }, (_, line) => {
      const text = `Block ${block}, line ${line}: ${`the sea at ${block * line} fathoms is deep and dark. `.repeat(46)}`
      return name.endsWith('.jsonl') ? JSON.stringify({ text }) : `${text}\n`
    })
    writeSync(file, `${lines.join('\n')}\n`)
  }
  closeSync(file)
  return path
}

/** Most memory of the process while a file becomes a corpus, in MB. */
async function peakOf(path: string): Promise<number> {
  let peak = 0
  for await (const record of ingestCorpus(
    { corpusId: 'large', name: 'Large', folder: join(home, 'large'), paths: [path] },
    new AbortController().signal,
  )) {
    peak = Math.max(peak, process.memoryUsage().rss / 2 ** 20)
    if (record.kind === 'done') expect(record.report.bytes).toBeGreaterThan(0.9e6)
  }
  return peak
}

test.each(['lines.jsonl', 'book.txt'])(
  'memory does not grow with the file: %s',
  async (name) => {
    const small = await peakOf(writeLarge(name, 24))
    const large = await peakOf(writeLarge(name, 160))
    // Ten bytes a document at most stay, and what the collector has not taken yet.
    expect(large - small).toBeLessThan(100)
  },
  120_000,
)
