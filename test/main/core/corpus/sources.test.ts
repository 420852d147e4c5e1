// Where a corpus comes from: files, folders, and the field of a record that holds its text.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ingestCorpus, type IngestReport } from '#main/core/corpus/ingest.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import type { Fault } from '#shared/fault.ts'
import { home, corpus, write, none, never, ingest, documents, all, lines, useFolder } from './bench.ts'

useFolder()

describe('the field with the text', () => {
  const records = async (
    paths: string[],
    field?: string,
  ): Promise<{ told: string[] | null; report: IngestReport | null }> => {
    let told: string[] | null = null
    try {
      for await (const record of ingestCorpus(
        { corpusId: 'one', name: 'One', folder: corpus(), paths, field },
        never,
      )) {
        if (record.kind === 'fields') told = record.fields
        if (record.kind === 'done') return { told, report: record.report }
      }
    } catch (error) {
      expect((error as Fault).code).toBe('bad-input')
    }
    return { told, report: null }
  }

  test('of JSON lines is told where it is not there, and read once it is named', async () => {
    const posts = Array.from({ length: 50 }, (_, i) =>
      JSON.stringify({ id: i, title: `Post ${i}`, body: `Body ${i * 7}` }),
    )
    const path = write('posts.jsonl', posts.join('\n'))
    expect(await records([path])).toEqual({ told: ['title', 'body'], report: null })
    expect(existsSync(corpus())).toBe(false)
    const { told, report } = await records([path], 'body')
    expect(told).toBeNull()
    expect(report).toMatchObject({ documents: 50, leftOut: none })
    expect(all()[0]).toBe('Body 0')
  })

  test('named as what every object has is not found in it', async () => {
    expect((await records([write('a.jsonl', lines(20))], 'constructor')).told).toEqual(['text'])
  })

  test('of parquet is told where it is not there, and no column that holds no text', async () => {
    const path = join(__dirname, '../../../fixtures/corpus/no-text.parquet')
    const { told } = await records([path])
    expect(told).toEqual(['txt'])
    expect((await records([path], 'txt')).told).toBeNull()
  })
})

describe('sources', () => {
  test('a file of records: one document a line', async () => {
    const report = await ingest([write('a.jsonl', lines(200))])
    expect(report).toMatchObject({
      corpusId: 'one',
      name: 'One',
      files: 1,
      documents: 200,
      duplicates: 0,
      leftOut: none,
    })
    expect(all()).toEqual(Array.from({ length: 200 }, (_, index) => `document ${index} says ${index * 7}`).sort())
    expect(JSON.parse(readFileSync(join(corpus(), 'corpus.json'), 'utf8'))).toEqual(report)
    for (const split of splits) {
      expect(report.splits[split].documents).toBe(documents()[split]!.length)
      expect(report.splits[split].bytes).toBe(
        documents()[split]!.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      )
    }
  })

  test('a folder of text files: each small file a document, hidden and other files left out, links to folders not followed', async () => {
    for (let index = 0; index < 40; index++)
      write(
        `texts/${index % 4}/${index}.${index % 2 ? 'txt' : 'md'}`,
        `Text number ${index}.\n\n${'It goes on. '.repeat(20)}\n`,
      )
    write('texts/.hidden.txt', 'hidden')
    write('texts/picture.png', 'no text')
    symlinkSync(join(home, 'texts'), join(home, 'texts', 'round'))
    expect(await ingest([join(home, 'texts')])).toMatchObject({ files: 40, documents: 40 })
    expect(all()[0]).toMatch(/^Text number 0\.\n\nIt goes on\. .* It goes on\.$/)
  })

  test.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'version-2', 'dictionary', 'delta'])(
    'parquet: %s',
    async (name) => {
      const texts = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/corpus/texts.json'), 'utf8')) as string[]
      expect(await ingest([join(__dirname, `../../../fixtures/corpus/${name}.parquet`)])).toMatchObject({
        documents: 300,
        leftOut: none,
      })
      expect(all()).toEqual([...texts].sort())
    },
  )

  test('packed files read like the files they hold', async () => {
    await ingest([write('a.jsonl', lines(100))])
    await ingest([write('b.jsonl.gz', gzipSync(lines(100)))], join(home, 'corpora', 'two'))
    expect(documents(join(home, 'corpora', 'two'))).toEqual(documents())
  })

  test('a long text is cut into documents', async () => {
    const text = Array.from(
      { length: 4000 },
      (_, index) => `Paragraph ${index} of a long book, which goes on and on for a while.`,
    ).join('\n\n')
    const report = await ingest([write('book.txt', text)])
    expect(report.documents).toBeGreaterThan(50)
    expect(report.documents).toBeLessThan(90)
  })

  test('a file with end-of-text markers says itself where its documents end', async () => {
    const stories = Array.from({ length: 50 }, (_, index) =>
      `Story ${index}.\n\n${'Once upon a time. '.repeat(100)}`.trim(),
    )
    await ingest([write('stories.txt', stories.join('\n<|endoftext|>\n'))])
    expect(all()).toEqual([...stories].sort())
  })
})
