// Every reader of files from elsewhere against files that were tampered with: it reads or refuses in a sentence; it
// never crashes, never takes five seconds, never takes 256 MB more than the file is worth.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMachine } from '#shared/cluster/machine.ts'
import { machines } from '#shared/cluster/presets.ts'
import { machineFile } from '#shared/cluster/machine.ts'
import { Fault } from '#shared/fault.ts'
import { readTrials } from '#main/core/cluster-validation/tables.ts'
import { ingestCorpus } from '#main/core/corpus/ingest.ts'
import { readItem } from '#main/core/evaluation/items.ts'
import { readRows } from '#main/core/evaluation/rows.ts'
import { findTask } from '#main/core/evaluation/tasks.ts'
import { importTokenizer } from '#main/core/model-formats/import-tokenizer.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import { openSafetensors } from '#main/core/model-formats/safetensors.ts'
import { openTorchFile } from '#main/core/model-formats/torch-file.ts'
import type { WeightsFile } from '#main/core/model-formats/weights-file.ts'
import { saveTokenizer } from '#main/core/tokenizer/files.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { trainTokenizer } from '#main/core/tokenizer/train.ts'
import { readTable } from '#main/platform/disk/tables.ts'
import { rounds } from '../support/campaign.ts'
import { seededRandom } from '../support/seed.ts'
import { smallText } from '../support/small-text.ts'
import { tamper } from '../support/tamper.ts'

const longestMs = 5000
const mostBytesAbove = 256e6

let home: string
let tokenizerFolder: string
beforeAll(async () => {
  // in memory where there is such a folder: what is read here need not outlast a power cut
  home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'isoflop-files-'))
  tokenizerFolder = join(home, 'tokenizer')
  mkdirSync(tokenizerFolder)
  saveTokenizer(tokenizerFolder, await smallTokenizer())
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const never = new AbortController().signal

interface Reader {
  /** Whole files to begin from. */
  wholes: () => Buffer[]
  /** Where the tampered file lies, in the folder of the case. */
  file: string
  /** Files beside it. */
  beside?: () => string[]
  read: (path: string) => Promise<unknown>
  /** Of the short part; the whole campaign tries 100,000. */
  short: number
  whole?: number
  /** At least this share is refused. */
  refused?: number
  /** Bytes of arrays above those of the file, where a reader promises less than the rest. */
  mostArrayBytes?: (fileBytes: number) => number
}

const fixture = (path: string): Buffer => readFileSync(join('test/fixtures', path))

async function readWeights(open: (path: string) => Promise<WeightsFile>, path: string): Promise<void> {
  const file = await open(path)
  try {
    const { length } = readFileSync(path)
    for (const { name, dtype } of file.tensors) {
      if (dtype === 'BOOL') continue // masks of older models, which nobody reads
      const values = await file.read(name)
      if (values.byteLength > 2 * length) throw new Error(`${name}: ${values.byteLength} bytes out of ${length}`)
    }
  } finally {
    await file.close()
  }
}

async function ingest(path: string): Promise<void> {
  const folder = join(dirname(path), 'corpus')
  rmSync(folder, { recursive: true, force: true })
  for await (const _ of ingestCorpus({ corpusId: 'one', name: 'One', folder, paths: [path] }, never)) void _
}

async function readTask(path: string): Promise<void> {
  const task = findTask('arc_easy')
  for (const row of await readRows(path)) readItem(task, row)
}

async function smallTokenizer(): Promise<Tokenizer> {
  const training = trainTokenizer({ kind: 'bpe', vocabulary: 320 }, [smallText(20_000)], never)
  for (;;) {
    const step = await training.next()
    if (step.done) return step.value
  }
}

const twice = (fileBytes: number): number => 2 * fileBytes + 4e6
const text = Buffer.from(smallText(6000))
const lines = Buffer.from(
  smallText(6000)
    .split('\n\n')
    .map((paragraph, id) => JSON.stringify({ id, text: paragraph, meta: { tags: ['a', 'b'], score: 0.5 } }))
    .join('\n'),
)
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const readers: Record<string, Reader> = {
  safetensors: {
    wholes: () =>
      ['shards/model-00001-of-00003.safetensors', 'whole/model.safetensors', 'logits.safetensors'].map((name) =>
        fixture(`torch/${name}`),
      ),
    file: 'case.safetensors',
    read: (path) => readWeights(openSafetensors, path),
    short: 2000,
    refused: 0.25,
    mostArrayBytes: twice,
  },
  'PyTorch weights': {
    wholes: () => ['bin', 'bare', 'bfloat'].map((name) => fixture(`torch/${name}/pytorch_model.bin`)),
    file: 'case.bin',
    read: (path) => readWeights(openTorchFile, path),
    short: 2000,
    refused: 0.25,
    mostArrayBytes: twice,
  },
  'config.json of a model': {
    wholes: () => [fixture('transformers/gpt2/config.json')],
    file: 'config.json',
    beside: () =>
      readdirSync('test/fixtures/transformers/gpt2').map((name) => `test/fixtures/transformers/gpt2/${name}`),
    read: (path) => importHuggingFace(dirname(path)),
    short: 500,
  },
  'tokenizer.json of a model': {
    wholes: () => [readFileSync(join(tokenizerFolder, 'tokenizer.json'))],
    file: 'tokenizer.json',
    read: (path) => importTokenizer(dirname(path)),
    short: 300,
  },
  'vocab.json and merges.txt': {
    wholes: () => [readFileSync(join(tokenizerFolder, 'vocab.json'))],
    beside: () => [join(tokenizerFolder, 'merges.txt')],
    file: 'vocab.json',
    read: (path) => importTokenizer(dirname(path)),
    short: 300,
  },
  'a text': { wholes: () => [text], file: 'case.txt', read: ingest, short: 300 },
  'a packed text': { wholes: () => [gzipSync(text)], file: 'case.txt.gz', read: ingest, short: 300 },
  'JSON lines': { wholes: () => [lines], file: 'case.jsonl', read: ingest, short: 300 },
  'parquet of a corpus': {
    wholes: () =>
      ['snappy', 'dictionary', 'delta', 'version-2', 'gzip'].map((name) => fixture(`corpus/${name}.parquet`)),
    file: 'case.parquet',
    read: ingest,
    short: 300,
  },
  'rows of a task as JSON lines': {
    wholes: () => [fixture('evaluation/arc_easy.jsonl')],
    file: 'case.jsonl',
    read: readTask,
    short: 500,
  },
  'rows of a task as parquet': {
    wholes: () => [fixture('evaluation/arc_easy.parquet'), fixture('evaluation/winogrande.parquet')],
    file: 'case.parquet',
    read: readTask,
    short: 300,
  },
  'a table of runs': {
    wholes: () => [Buffer.from('name,flops,loss\n' + '"a, b",1e18,2.5\nc,2e18,2.4\n'.repeat(20))],
    file: 'case.csv',
    read: async (path) => readTable(path),
    short: 1000,
  },
  'a machine': {
    wholes: () => machines.slice(0, 4).map((machine) => json(machineFile(machine))),
    file: 'case.json',
    read: async (path) => readMachine(parsed(path)),
    short: 1000,
  },
  'a validation file': {
    wholes: () => [json(smallerTables())],
    file: 'case.json',
    read: async (path) => readTrials(parsed(path)),
    short: 300,
    whole: 20_000,
  },
}

/** What a door does before: JSON, or a sentence. */
function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Fault('damaged', `${path} does not hold JSON.`)
  }
}

/** The published measurements, three rows a table. */
function smallerTables(): unknown {
  const tables = JSON.parse(readFileSync('resources/validation/measurements.json', 'utf8')) as Record<string, any>
  return Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [
      name,
      table?.rows ? { ...table, rows: table.rows.slice(0, 3) } : table,
    ]),
  )
}

describe('a tampered file is read or refused in a sentence', () => {
  for (const [name, reader] of Object.entries(readers)) {
    const count = rounds(reader.short, reader.whole ?? 100_000)
    it(`${name}, ${count} of them`, { timeout: 3_600_000 }, async () => {
      const random = seededRandom()
      const folder = join(home, name.replace(/\W+/g, '-'))
      mkdirSync(folder, { recursive: true })
      for (const file of reader.beside?.() ?? []) copyFileSync(file, join(folder, basename(file)))
      const path = join(folder, reader.file)
      const wholes = reader.wholes()
      writeFileSync(path, wholes[0])
      await reader.read(path) // what is whole is read
      const outcome = { read: 0, refused: 0 }
      for (let round = 0; round < count; round++) {
        const bytes = tamper(wholes[round % wholes.length], random)
        writeFileSync(path, bytes)
        const startedMs = performance.now()
        const before = process.memoryUsage()
        try {
          await reader.read(path)
          outcome.read++
        } catch (error) {
          if (!(error instanceof Fault) || error.message.length > 1200) {
            const kept = join(tmpdir(), `isoflop-tampered-${reader.file}`)
            writeFileSync(kept, bytes)
            throw new Error(`round ${round}, kept as ${kept}: ${String(error).slice(0, 300)}`, { cause: error })
          }
          outcome.refused++
        }
        const after = process.memoryUsage()
        const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed
        if (grown > mostBytesAbove + bytes.length) throw new Error(`round ${round}: ${grown} bytes for ${bytes.length}`)
        const arrays = after.arrayBuffers - before.arrayBuffers
        if (reader.mostArrayBytes && arrays > reader.mostArrayBytes(bytes.length))
          throw new Error(`round ${round}: ${arrays} bytes of arrays for a file of ${bytes.length}`)
        const tookMs = performance.now() - startedMs
        if (tookMs > longestMs) throw new Error(`round ${round} took ${tookMs} ms`)
      }
      expect(outcome.read + outcome.refused).toBe(count)
      expect(outcome.refused).toBeGreaterThan(count * (reader.refused ?? 0.02))
    })
  }
})
