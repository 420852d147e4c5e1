import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Corpus } from '#shared/corpus.ts'
import { bytesPerScoredToken, lossIn } from '#shared/loss-unit.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import {
  tokenizeCorpus,
  type TokenizeRecord,
  type TokenizeRequest,
  type TokensReport,
} from '#main/core/tokenizer/tokenize-corpus.ts'
import { createCorpusWriter, openSplit, readDocuments } from '#main/platform/disk/corpus-files.ts'
import { isStaging, sweepLeftovers } from '#main/platform/disk/staging.ts'
import { createStagingFolder, splits, withoutLeftovers } from '#main/platform/disk/text-files.ts'
import { openTokens, readTokensReport, tokensPath } from '#main/platform/disk/token-files.ts'

const readTokens = (folder: string) => readTokensReport(folder) as TokensReport

const home = mkdtempSync(join(tmpdir(), 'tokens-'))
const corpusFolder = join(home, 'corpus')
const never = new AbortController().signal
const book = readFileSync(join(__dirname, '../../../fixtures/tokenizers/moby-dick.txt'), 'utf8')

beforeAll(() => {
  const writer = createCorpusWriter(corpusFolder)
  book
    .split('\n\n')
    .filter((text) => text.trim())
    .forEach((text, index) => {
      writer.add(index % 7 === 0 ? 'validation' : index % 7 === 1 ? 'test' : 'train', Buffer.from(`${text} 🐋`))
    })
  writer.finish()
  writer.keep({})
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function tokenize(
  request: Partial<TokenizeRequest> & Pick<TokenizeRequest, 'tokenizer'>,
  signal = never,
): Promise<TokenizeRecord[]> {
  const records: TokenizeRecord[] = []
  for await (const record of tokenizeCorpus({ corpusFolder, tokensFolder: join(home, 'tokens'), ...request }, signal))
    records.push(record)
  return records
}

describe.each([{ kind: 'bytes' }, { kind: 'bpe', vocabulary: 600 }, { kind: 'gpt2' }] as const)(
  '$kind',
  (tokenizer) => {
    test('every document can be read back from its tokens, with an end of text after each', async () => {
      const records = await tokenize({ tokenizer })
      const last = records[records.length - 1]!
      if (last.kind !== 'done') throw new Error('no report')
      const { report } = last
      expect(readTokens(join(home, 'tokens'))).toEqual(report)
      const loaded = loadTokenizer(join(home, 'tokens'))
      expect(report).toMatchObject({ tokenizer, vocabulary: loaded.vocabulary, endOfText: loaded.endOfText })
      for (const split of splits) {
        const tokens = openTokens(tokensPath(join(home, 'tokens'), split))
        const ids = tokens.read(0, tokens.length)
        tokens.close()
        expect(ids.length).toBe(report.tokens[split])
        const documents = loaded.decode(ids).split('<|endoftext|>')
        expect(documents.pop()).toBe('')
        expect(documents).toEqual([...readDocuments(corpusFolder, split)])
        expect(report.documents[split]).toBe(documents.length)
        if (split === 'validation') {
          const bytes = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
          expect(report.bytesPerToken).toBeCloseTo(bytes / (ids.length - documents.length), 10)
        }
      }
      const progress = records.flatMap((record) => (record.kind === 'progress' ? [record.progress] : []))
      expect(progress).toEqual([...progress].sort((a, b) => a - b))
      expect(Math.max(...progress)).toBeLessThanOrEqual(1)
    })
  },
)

test('bits per byte of many short documents are all bits over all bytes, ends of text included', async () => {
  const folder = join(home, 'short')
  const writer = createCorpusWriter(folder)
  for (let i = 0; i < 300; i++) writer.add('validation', Buffer.from(['No.', 'Yes – 3', 'a b'][i % 3]))
  writer.add('train', Buffer.from('one'))
  writer.finish()
  writer.keep({})
  await tokenize({ corpusFolder: folder, tokenizer: { kind: 'bytes' }, tokensFolder: join(home, 'short-tokens') })
  const { tokens, bytesPerToken } = readTokens(join(home, 'short-tokens'))
  expect(tokens.validation).toBe(100 * (3 + 9 + 3) + 300)
  expect(bytesPerToken).toBe(1)
  const { bytes, close } = openSplit(folder, 'validation')
  close()
  const scored = bytesPerScoredToken(
    { splits: { validation: { documents: 300, bytes } } as Corpus['splits'] },
    { state: 'finished', tokens },
  )
  // a model that guesses among all 257 tokens spends log2(257) bits on each, and on each end of a text
  const bits = tokens.validation * Math.log2(257)
  expect(Math.log(257) * lossIn('bits-per-byte', scored!)).toBeCloseTo(bits / 1500, 12)
  expect(bits / 1500 / Math.log2(257)).toBeCloseTo(1.2, 12)
})

test('the tokenizer learns from the training split alone', async () => {
  await tokenize({ tokenizer: { kind: 'bpe', vocabulary: 400 }, tokensFolder: join(home, 'one') })
  const other = join(home, 'other-corpus')
  const writer = createCorpusWriter(other)
  for (const text of readDocuments(corpusFolder, 'train')) writer.add('train', Buffer.from(text))
  for (const split of ['validation', 'test'] as const) writer.add(split, Buffer.from('zzzz '.repeat(5000)))
  writer.finish()
  writer.keep({})
  await tokenize({ corpusFolder: other, tokenizer: { kind: 'bpe', vocabulary: 400 }, tokensFolder: join(home, 'two') })
  expect(readFileSync(join(home, 'two', 'tokenizer.json'), 'utf8')).toBe(
    readFileSync(join(home, 'one', 'tokenizer.json'), 'utf8'),
  )
})

test('cancelled, it leaves what was there and nothing else', async () => {
  await tokenize({ tokenizer: { kind: 'bytes' }, tokensFolder: join(home, 'kept', 'a') })
  const stop = new AbortController()
  const work = tokenizeCorpus(
    { corpusFolder, tokensFolder: join(home, 'kept', 'a'), tokenizer: { kind: 'gpt2' } },
    stop.signal,
  )
  await work.next()
  stop.abort()
  await expect(work.next()).rejects.toMatchObject({ code: 'cancelled' })
  expect(readdirSync(join(home, 'kept'))).toEqual(['a'])
  expect(readTokens(join(home, 'kept', 'a')).tokenizer).toEqual({ kind: 'bytes' })
})

test('a vocabulary that the text does not give is refused, and nothing is written', async () => {
  await expect(
    tokenize({ tokenizer: { kind: 'bpe', vocabulary: 32_768 }, tokensFolder: join(home, 'none') }),
  ).rejects.toMatchObject({ code: 'bad-input' })
  expect(existsSync(join(home, 'none'))).toBe(false)
  expect(readdirSync(home).filter(isStaging)).toEqual([])
})

describe('files that do not say what they should', () => {
  test('a token file of an odd number of bytes', () => {
    writeFileSync(join(home, 'odd.bin'), 'abc')
    expect(() => openTokens(join(home, 'odd.bin'))).toThrow(/not a whole number of tokens/)
    expect(() => openTokens(join(home, 'gone.bin'))).toThrow(/does not exist/)
  })

  test('reading beyond the end says which tokens were asked for', () => {
    writeFileSync(join(home, 'four.bin'), new Uint8Array(Uint16Array.of(1, 2, 3, 65_535).buffer))
    const tokens = openTokens(join(home, 'four.bin'))
    expect([...tokens.read(1, 3)]).toEqual([2, 3, 65_535])
    expect(() => tokens.read(2, 3)).toThrow(/tokens 2 to 5 of 4/)
    tokens.close()
  })

  test('a corpus whose text was cut', () => {
    const writer = createCorpusWriter(join(home, 'cut'))
    writer.add('train', Buffer.from('one'))
    writer.add('train', Buffer.from('two'))
    writer.finish()
    writer.keep({})
    truncateSync(join(home, 'cut', 'train.txt'), 5)
    expect(() => openSplit(join(home, 'cut'), 'train')).toThrow(/do not belong together/)
  })
})

describe('what a killed process leaves', () => {
  const filled = (): string => {
    const child = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
    return `.killed.writing-${child.stdout.trim()}-0`
  }

  test('a folder half written goes with the work that failed, and that of a living process stays', async () => {
    const folder = join(home, 'killings', 'killed')
    const mine = createStagingFolder(folder)
    const theirs = join(home, 'killings', filled())
    mkdirSync(theirs)
    await expect(withoutLeftovers(folder, Promise.reject(new Error('it was killed')))).rejects.toThrow('it was killed')
    expect(existsSync(theirs)).toBe(false)
    expect(existsSync(mine.folder)).toBe(true)
    mine.discard()
    expect(readdirSync(join(home, 'killings'))).toEqual([])
  })

  test('killed between the two renames, the old folder comes back', async () => {
    const around = join(home, 'renamings')
    mkdirSync(join(around, filled().replace('writing', 'replaced')), { recursive: true })
    await sweepLeftovers(around)
    expect(readdirSync(around)).toEqual(['killed'])
  })
})
