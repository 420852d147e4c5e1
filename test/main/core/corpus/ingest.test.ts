import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ingestCorpus, type IngestRecord, type IngestReport } from '#main/core/corpus/ingest.ts'
import { sampleDocument } from '#main/core/corpus/sample.ts'
import { readCorpusReport, readDocuments } from '#main/platform/disk/corpus-files.ts'
import { splits } from '#main/platform/disk/text-files.ts'
import type { Fault } from '#shared/fault.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'corpus-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const corpus = () => join(home, 'corpora', 'one')
const write = (name: string, bytes: string | Uint8Array): string => {
  const path = join(home, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
  return path
}
const none = { records: 0, files: 0, replaced: 0, removed: 0, first: null }
const never = new AbortController().signal

async function ingest(paths: string[], folder = corpus(), signal = never): Promise<IngestReport> {
  for await (const record of ingestCorpus({ corpusId: 'one', name: 'One', folder, paths }, signal))
    if (record.kind === 'done') return record.report
  throw new Error('no report')
}

async function faultOf(paths: string[]): Promise<Fault> {
  const error = await ingest(paths).catch((cause: unknown) => cause as Fault)
  if (!('code' in error)) throw new Error('nothing failed')
  // Whatever failed, nothing is left behind.
  expect(existsSync(join(home, 'corpora')) ? readdirSync(join(home, 'corpora')) : []).toEqual([])
  return error
}

const documents = (folder = corpus()) =>
  Object.fromEntries(splits.map((split) => [split, [...readDocuments(folder, split)]]))
const all = (folder = corpus()) => Object.values(documents(folder)).flat().sort()
const lines = (count: number, make = (index: number) => `document ${index} says ${index * 7}`) =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ text: make(index), more: 1 })).join('\n')

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

describe('what looks like no text', () => {
  const sentences = Array.from({ length: 400 }, (_, i) => `Sentence number ${i} is about the sea.\n\n`).join('')
  // written behind a long clean beginning, which is what tells a file's kind
  const behind = (tail: Uint8Array) => Buffer.concat([Buffer.from(sentences.repeat(6)), tail])

  test('is warned of where more than 1 % was no UTF-8', async () => {
    const latin = Buffer.from('\u00e4\u00f6\u00fc und \u00df. \n\n'.repeat(3000), 'latin1')
    const { warning, leftOut } = await ingest([write('late.txt', behind(latin))])
    expect(leftOut.replaced).toBeGreaterThan(3000)
    expect(warning).toMatch(/^\d+(\.\d+)? % of this text was no UTF-8 .* Latin-1/)
  })

  test('is warned of where more than 1 % are control characters, and a few are nothing', async () => {
    const { warning } = await ingest([write('binary.txt', behind(Buffer.from('\u0001\u0002ab\n'.repeat(2000))))])
    expect(warning).toMatch(/control characters: it looks like a binary file/)
    expect((await ingest([write('clean.txt', `${sentences}\u0001 \t\f`)], join(home, 'two'))).warning).toBeNull()
  })

  test('counts no tab, form feed or escape among the control characters', async () => {
    const { leftOut } = await ingest([write('terminal.txt', `${sentences}${'\u001b[1m\tbold\f\n'.repeat(500)}`)])
    expect(leftOut.controls ?? 0).toBe(0)
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
    expect(readCorpusReport(corpus())).toEqual(report)
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

describe('bytes that are no plain text', () => {
  test('what is no UTF-8 is replaced and counted, and a real U+FFFD is not', async () => {
    const bytes = Buffer.concat([
      Buffer.from('good �\n'),
      Buffer.from([0x66, 0xff, 0x67, 0xc3, 0x0a]),
      Buffer.from('é'.repeat(2000)),
    ])
    expect(await ingest([write('a.txt', bytes), write('b.jsonl', lines(30))])).toMatchObject({
      leftOut: { replaced: 2 },
    })
    expect(all().some((text) => text.startsWith('good �\nf�g�\né'))).toBe(true)
  })

  test('NUL is taken out and counted, a byte-order mark left out, CR LF becomes LF', async () => {
    expect(
      await ingest([write('a.txt', '\ufeffone\r\ntwo\rthree\0\0 four'), write('b.jsonl', lines(30))]),
    ).toMatchObject({ leftOut: { removed: 2 } })
    expect(all()).toContain('one\ntwo\nthree four')
  })

  test.each(['utf16le', 'utf16be'] as const)(
    '%s with its mark is read',
    async (encoding) => {
      const text = `Ünïcode 🐋 \u0a0d\u0d0a ਊ\r\n\r\n${Array.from({ length: 90_000 }, (_, index) => `and ${index},\r\n`).join('')}end`
      const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
      expect(await ingest([write('wide.txt', encoding === 'utf16le' ? bytes : bytes.swap16())])).toMatchObject({
        leftOut: none,
      })
      expect(
        all().find((document) => document.startsWith('Ünïcode 🐋 \u0a0d\u0d0a ਊ\n\nand 0,\nand 1,\n')),
      ).toBeDefined()
      expect(all().join('\n').split('\n').length).toBe(90_003)
      expect(all().join('\n')).not.toContain('\r')
    },
    60_000,
  )

  test('lone surrogates in JSON are replaced and counted', async () => {
    expect(
      await ingest([write('a.jsonl', `${lines(30)}\n{"text":"half \\ud800 pair \\ud83d\\udc0b"}\n`)]),
    ).toMatchObject({ leftOut: { replaced: 1 } })
    expect(all()).toContain('half \ufffd pair 🐋')
  })

  test('a character is never cut by the blocks a file is read in', async () => {
    // One line of more than 4 MiB, whose characters lie across every kind of block border.
    const text = `x${Array.from({ length: 400_000 }, (_, index) => `é🐋年${index}`).join('')}`
    expect(await ingest([write('a.txt', text)])).toMatchObject({ leftOut: none })
    expect(all().join('').length).toBe(text.length)
  })
})

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

describe('bad files', () => {
  const at = (name: string, line: number) => `${join(home, name)}, line ${line}`
  test.each([
    ['no JSON', `${lines(3)}\n\nnonsense\n`, (name: string) => `${at(name, 5)} is not a JSON object.`],
    ['a number', `${lines(3)}\n7`, (name: string) => `${at(name, 4)} is not a JSON object.`],
    [
      'no text',
      `${lines(3)}\n{"body":"a","id":1}`,
      (name: string) => `${at(name, 4)} has no field text; its fields are: body, id.`,
    ],
    [
      'text that is none',
      `${lines(1)}\n{"text":7}`,
      (name: string) => `${at(name, 2)}: the field text is a number, not a string.`,
    ],
    ['null', `{"text":null}`, (name: string) => `${at(name, 1)}: the field text is null, not a string.`],
  ])(
    'records with %s are passed over and counted, and refused where the file holds nothing else',
    async (_name, text, message) => {
      const alone = text.trim().split('\n').at(-1)!
      expect(await faultOf([write('bad.jsonl', alone), write('good.jsonl', lines(40))])).toMatchObject({
        code: 'bad-input',
        message: message('bad.jsonl').replace(/line \d+/, 'line 1'),
      })
      const report = await ingest([write('bad.jsonl', `${lines(9)}\n${text}`), write('good.jsonl', lines(40))])
      expect(report.leftOut).toMatchObject({
        ...none,
        records: 1,
        first: expect.stringContaining(message('bad.jsonl').split(/line \d+/)[1]) as string,
      })
    },
  )

  test('the line is right beyond the first block', async () => {
    const many = lines(40_000, (index) => `document ${index} ${'x'.repeat(40)}`)
    expect(many.length).toBeGreaterThan(2 << 20)
    expect((await ingest([write('bad.jsonl', `${many}\n{"text":`)])).leftOut.first).toBe(
      `${at('bad.jsonl', 40_001)} is not a JSON object.`,
    )
  })

  test('a wrong file is refused after its first thousand records', async () => {
    const wrong = Array.from({ length: 5000 }, (_, id) => JSON.stringify({ id, body: 'a' })).join('\n')
    expect((await faultOf([write('wrong.jsonl', `${wrong}\n${lines(9000)}`)])).message).toMatch(
      /line 1 has no field text/,
    )
  })

  test('what Python and careless joining leave in lines is read', async () => {
    const odd =
      '{"text":"not a number","score":NaN}\n\ufeff{"text":"after a mark","low":-Infinity}\n{"text":"NaN in words"}'
    expect((await ingest([write('odd.jsonl', `${lines(30)}\n${odd}`)])).leftOut).toEqual(none)
    expect(all()).toEqual(expect.arrayContaining(['not a number', 'after a mark', 'NaN in words']))
  })

  test('a line too long for a record is passed over, and the next one read', async () => {
    const long = `{"text":"${'x'.repeat(65 << 20)}"}`
    const report = await ingest([write('long.jsonl', `${lines(10)}\n${long}\n${lines(10, (i) => `after ${i}`)}`)])
    expect(report).toMatchObject({ documents: 20, leftOut: { records: 1 } })
    expect(report.leftOut.first).toContain(`${at('long.jsonl', 11)} is longer than 64 MiB`)
  })

  test('names of fields are cut', async () => {
    const message = (await faultOf([write('bad.jsonl', JSON.stringify({ ['k'.repeat(1 << 20)]: 1 }))])).message
    expect(message.length).toBeLessThan(400)
  })

  test('in a folder, links to nowhere and other kinds of file are passed over and counted', async () => {
    write('folder/good.jsonl', lines(40))
    write('folder/other.json', '{}')
    write('folder/packed.jsonl.zst', 'x')
    symlinkSync('/nowhere/at/all.txt', join(home, 'folder', 'old.txt'))
    const { leftOut } = await ingest([join(home, 'folder')])
    expect(leftOut).toMatchObject({ files: 3 })
    expect(leftOut.first).toMatch(/old\.txt|other\.json|packed/)
  })

  test('a mark in the middle of a text goes, and is counted', async () => {
    expect((await ingest([write('a.txt', 'one\n\ufefftwo'), write('b.jsonl', lines(30))])).leftOut).toMatchObject({
      removed: 1,
    })
    expect(all()).toContain('one\ntwo')
  })

  test('text of another encoding is refused with what to do', async () => {
    const french = Buffer.from('Un été à la forêt, où les élèves rêvaient déjà. '.repeat(200), 'latin1')
    expect((await faultOf([write('latin.txt', french)])).message).toMatch(/does not look like UTF-8.*Save it as UTF-8/)
    expect(
      (await faultOf([write('noise.txt', Buffer.from(Array.from({ length: 5000 }, (_, i) => 1 + ((i * 7919) % 255))))]))
        .message,
    ).toMatch(/does not look like UTF-8/)
  })

  test('a packed file that bursts is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20, 'a'))
    expect((await faultOf([write('bomb.txt.gz', bomb)])).message).toMatch(/more than 250 times as large/)
  })

  test('a page of parquet that claims more than it holds is refused at once', async () => {
    for (const name of ['hang'])
      expect(await faultOf([join(__dirname, `../../../fixtures/corpus/${name}.parquet`)])).toMatchObject({
        code: 'damaged',
      })
  })

  test.each([
    ['no-text', 'bad-input', 'has no column text; its columns are: txt, n.'],
    ['numbers', 'bad-input', 'the column text does not hold text.'],
  ])('parquet: %s', async (name, code, message) => {
    const error = await faultOf([join(__dirname, `../../../fixtures/corpus/${name}.parquet`)])
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(message)
  })

  test('parquet: a row without text is passed over and counted', async () => {
    const { leftOut } = await ingest([join(__dirname, '../../../fixtures/corpus/null.parquet')])
    expect(leftOut).toMatchObject({ records: 1 })
    expect(leftOut.first).toContain('row 10: the column text is empty (null).')
  })

  test('parquet cut short or overwritten', async () => {
    const whole = readFileSync(join(__dirname, '../../../fixtures/corpus/snappy.parquet'))
    expect(await faultOf([write('cut.parquet', whole.subarray(0, -20))])).toMatchObject({ code: 'damaged' })
    const holed = Buffer.from(whole).fill(0xff, 3000, 6000)
    const error = await faultOf([write('holed.parquet', holed)])
    expect(error).toMatchObject({ code: 'damaged' })
    expect(error.message).toMatch(/rows 1 to 120 cannot be read/)
  })

  test('a gzip file cut short', async () => {
    const packed = gzipSync(Buffer.from(lines(20_000, (index) => `document ${index} ${Math.sin(index)}`)))
    expect(await faultOf([write('cut.jsonl.gz', packed.subarray(0, packed.length / 2))])).toMatchObject({
      code: 'damaged',
    })
    expect(await faultOf([write('none.txt.gz', 'not packed at all')])).toMatchObject({ code: 'damaged' })
  })

  test('what is not there, not known, empty or no text', async () => {
    expect(await faultOf([join(home, 'gone.txt')])).toMatchObject({ code: 'not-found' })
    expect((await faultOf([write('a.docx', 'x')])).message).toMatch(/Unsupported file type/)
    mkdirSync(join(home, 'empty'))
    expect((await faultOf([join(home, 'empty')])).message).toMatch(/holds no text/)
    expect((await faultOf([write('program.txt', Buffer.alloc(4096))])).message).toMatch(/does not look like text/)
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
