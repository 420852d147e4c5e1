import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCutter, endOfTextMarker, grainOf } from '#main/core/corpus/cut.ts'

function cut(text: string, length: number, isMarked = false, pieces = [text.length]): string[] {
  const cutter = createCutter(length, isMarked)
  const documents: string[] = []
  let from = 0
  for (const size of pieces) {
    documents.push(...cutter.push(text.slice(from, from + size)))
    from += size
  }
  return [...documents, ...cutter.push(text.slice(from)), ...cutter.flush()]
}

const paragraph = (words: number, word = 'word') => `${Array.from({ length: words }, () => word).join(' ')}.`
const textOf = fc
  .array(
    fc.constantFrom(
      ' ',
      '\n',
      '\n\n',
      '\n \n',
      'a',
      'word',
      '. ',
      '!"\n',
      '🐋',
      endOfTextMarker,
      '<|end',
      'oftext|>',
      '—'.repeat(40),
    ),
    { maxLength: 120 },
  )
  .map((parts) => parts.join(''))

test('a text is cut at blank lines once there is enough', () => {
  const text = [paragraph(10), paragraph(10), paragraph(10), paragraph(10), paragraph(10)].join('\n\n')
  const two = `${paragraph(10)}\n\n${paragraph(10)}`
  expect(cut(text, 60)).toEqual([two, two, paragraph(10)])
})

test('without blank lines it is cut after a sentence', () => {
  const text = Array.from({ length: 12 }, () => 'One two three. ').join('')
  const documents = cut(text, 40)
  expect(documents.length).toBeGreaterThan(2)
  for (const document of documents) expect(document).toMatch(/^One .*three\.$/)
})

test('without sentences it is cut between words, and without words between characters', () => {
  for (const document of cut('word '.repeat(100), 33)) expect(document).toMatch(/^(word )*word$/)
  const whales = cut('🐋'.repeat(100), 33)
  expect(whales.join('')).toBe('🐋'.repeat(100))
  for (const document of whales) expect(document).not.toMatch(/\p{Surrogate}/u)
})

test('the end-of-text marker ends a document', () => {
  expect(cut(`one\n${endOfTextMarker}\ntwo ${endOfTextMarker}${endOfTextMarker} three`, 4096, true)).toEqual([
    'one',
    'two',
    'three',
  ])
  expect(cut(`one${endOfTextMarker}two`, 4096)).toEqual(['one', 'two'])
})

test('a marked document is left whole where an unmarked one would be cut', () => {
  const long = paragraph(3000)
  expect(cut(`${long}\n\n${long}${endOfTextMarker}end`, 512, true)).toEqual([`${long}\n\n${long}`, 'end'])
  expect(cut(`${long}\n\n${long}`, 512).length).toBeGreaterThan(10)
})

test('the pieces a text arrives in make no difference', () => {
  fc.assert(
    fc.property(
      textOf,
      fc.integer({ min: 4, max: 60 }),
      fc.array(fc.integer({ min: 0, max: 40 })),
      (text, length, pieces) => {
        expect(cut(text, length, false, pieces)).toEqual(cut(text, length))
      },
    ),
    { numRuns: 500 },
  )
})

test('nothing but markers and outer white space is lost', () => {
  const bare = (text: string) => text.split(endOfTextMarker).join('').replace(/\s/gu, '')
  fc.assert(
    fc.property(textOf, fc.integer({ min: 4, max: 60 }), (text, length) => {
      expect(cut(text, length).map(bare).join('')).toBe(bare(text))
    }),
    { numRuns: 500 },
  )
})

test('no document is longer than twice the length, none but a file’s last much shorter than it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 60 }), (paragraphs) => {
      const documents = cut(paragraphs.map((words) => paragraph(words)).join('\n\n'), 200)
      for (const document of documents) expect(document.length).toBeLessThanOrEqual(400)
      for (const document of documents.slice(0, -1)) expect(document.length).toBeGreaterThanOrEqual(198)
    }),
  )
})

test('small corpora are cut finer', () => {
  expect(grainOf(2e9)).toEqual({ length: 4096, wholeFileBytes: 32_768 })
  expect(grainOf(64 * 1024)).toEqual({ length: 1024, wholeFileBytes: 8192 })
  expect(grainOf(2000)).toEqual({ length: 256, wholeFileBytes: 250 })
})
