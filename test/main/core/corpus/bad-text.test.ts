// What is no text, or a damaged one: mended where that is safe, else refused with the place.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { home, write, none, ingest, faultOf, all, lines, useFolder } from './bench.ts'

useFolder()

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
    for (const name of ['hang', 'run'])
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
