import { expect, it } from 'vitest'
import { findCorpus } from '#shared/corpus.ts'

const corpora = [
  { id: 'a', name: 'fixme', state: 'failed' },
  { id: 'b', name: 'fixme', state: 'queued' },
  { id: 'c', name: 'fixme', state: 'finished' },
  { id: 'd', name: 'a', state: 'finished' },
] as const

it('a corpus that failed does not stand in front of the mended one of its name', () => {
  expect(findCorpus(corpora, 'fixme')?.id).toBe('c')
  expect(findCorpus(corpora.slice(0, 2), 'fixme')?.id).toBe('b')
  expect(findCorpus(corpora.slice(0, 1), 'fixme')?.id).toBe('a')
  expect(findCorpus(corpora, 'a')?.state).toBe('failed') // an id before a name
  expect(findCorpus(corpora, 'other')).toBeUndefined()
})
