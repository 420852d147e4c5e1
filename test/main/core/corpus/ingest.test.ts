import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ingestCorpus, type IngestRecord } from '#main/core/corpus/ingest.ts'
import { sampleDocument } from '#main/core/corpus/sample.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import { home, corpus, write, never, ingest, faultOf, documents, all, lines, useFolder } from './bench.ts'

useFolder()

describe('de-duplication and splits', () => {
  test('exact duplicates are left out, in one file and across files', async () => {
    const report = await ingest([write('a.jsonl', `${lines(100)}\n${lines(50)}`), write('b.jsonl', lines(120))])
    expect(report).toMatchObject({ documents: 120, duplicates: 150 })
  })

  test('a document’s split depends on nothing but the document', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 100, max: 300 }), fc.boolean(), async (count, isTurned) => {
        const texts = lines(count).split('\n')
        const first = join(home, 'corpora', 'first')
        const second = join(home, 'corpora', 'second')
        const made = await ingest([write('a.jsonl', texts.join('\n'))], first)
        fc.pre(splits.every((split) => made.splits[split].documents > 1))
        if (isTurned) texts.reverse()
        await ingest(
          [
            write('b.jsonl', texts.slice(0, 40).join('\n')),
            write('a.jsonl', [...texts.slice(40), ...lines(40, (index) => `another ${index}`).split('\n')].join('\n')),
          ],
          second,
        )
        for (const split of splits)
          expect(documents(second)[split]).toEqual(expect.arrayContaining(documents(first)[split]!))
      }),
      { numRuns: 8 },
    )
  })

  test('even the smallest corpora have three splits that are not empty', async () => {
    for (let count = 3; count < 40; count++) {
      const report = await ingest([write('a.jsonl', lines(count))])
      expect(report.documents).toBe(count)
      for (const split of splits) expect(report.splits[split].documents).toBeGreaterThan(0)
      expect(report.splits.train.documents).toBeGreaterThanOrEqual(count / 3)
      expect(all()).toHaveLength(count)
    }
  })

  test('a text of 2 kB is enough', async () => {
    const report = await ingest([
      write(
        'a.txt',
        Array.from({ length: 40 }, (_, index) => `Sentence number ${index} is here now, and ends.`).join(' '),
      ),
    ])
    for (const split of splits) expect(report.splits[split].bytes).toBeGreaterThan(0)
  })

  test('too little text is refused with how much is needed', async () => {
    expect((await faultOf([write('a.txt', 'short')])).message).toBe(
      'This text makes only 1 different document. At least 3 are needed, one each for training, validation and testing: about 2 kB of plain text. Add more text.',
    )
    expect((await faultOf([write('a.txt', ' \n\n ')])).message).toMatch(/only 0 different documents/)
    expect((await faultOf([write('a.jsonl', '{"text":"a"}\n{"text":"a"}\n{"text":"b"}')])).message).toMatch(
      /only 2 different documents/,
    )
  })
})

describe('stopping', () => {
  test('cancelled on the way, nothing is left', async () => {
    const stop = new AbortController()
    const records: IngestRecord[] = []
    const path = write(
      'long.jsonl',
      lines(120_000, (index) => `document ${index} ${'x'.repeat(60)}`),
    )
    const cancelled = (async () => {
      for await (const record of ingestCorpus(
        { corpusId: 'one', name: 'One', folder: corpus(), paths: [path] },
        stop.signal,
      )) {
        records.push(record)
        if (records.length === 3) stop.abort()
      }
    })()
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect(records.every(({ kind }) => kind === 'progress')).toBe(true)
    expect(readdirSync(join(home, 'corpora'))).toEqual([])
  })

  test('a generator left early cleans up', async () => {
    for await (const record of ingestCorpus(
      { corpusId: 'one', name: 'One', folder: corpus(), paths: [write('a.jsonl', lines(50))] },
      never,
    )) {
      expect(record.kind).toBe('progress')
      break
    }
    expect(readdirSync(join(home, 'corpora'))).toEqual([])
  })

  test('a corpus that was there stays until the new one is whole', async () => {
    await ingest([write('a.jsonl', lines(50))])
    const before = all()
    await expect(ingest([write('bad.jsonl', 'bad')])).rejects.toMatchObject({ code: 'bad-input' })
    expect(all()).toEqual(before)
    await ingest([write('b.jsonl', lines(60))])
    expect(all()).toHaveLength(60)
    expect(readdirSync(join(home, 'corpora'))).toEqual(['one'])
  })

  test('progress runs from nothing to all', async () => {
    const path = write(
      'long.jsonl',
      lines(90_000, (index) => `document ${index} ${'x'.repeat(60)}`),
    )
    const done: number[] = []
    let total = 0
    for await (const record of ingestCorpus({ corpusId: 'one', name: 'One', folder: corpus(), paths: [path] }, never)) {
      if (record.kind !== 'progress') continue
      done.push(record.doneBytes)
      total = record.totalBytes
    }
    expect(done[0]).toBe(0)
    expect(done.at(-1)).toBe(total)
    expect(done.length).toBeGreaterThan(4)
    expect(done).toEqual([...done].sort((a, b) => a - b))
  })
})

test('any document of a corpus can be looked at', async () => {
  await ingest([write('a.jsonl', lines(300))])
  const { train } = documents()
  expect(sampleDocument(corpus(), 'train', 0)).toBe(train![0])
  expect(sampleDocument(corpus(), 'train', 200)).toBe(train![200])
  expect(() => sampleDocument(corpus(), 'train', train!.length)).toThrow(/there is no document/)
  expect(() => sampleDocument(join(home, 'gone'), 'train', 0)).toThrow(/does not exist/)
})
