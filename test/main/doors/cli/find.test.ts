// What a person calls by name: one rule for runs, models, studies and corpora.
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import type { LabHost } from '#main/lab/lab.ts'
import { corpusNamed, findCorpus, findModel, findRun, findStudy, findSubject, whole } from '#main/doors/cli/find.ts'

const corpora = [
  { id: 'a', name: 'fixme', state: 'failed' },
  { id: 'b', name: 'fixme', state: 'queued' },
  { id: 'c', name: 'fixme', state: 'finished' },
  { id: 'd', name: 'a', state: 'finished' },
]

/** A lab that lists what it is given. */
const labOf = (lists: { studies?: object[]; corpora?: object[]; models?: object[]; runs?: object[] }): LabHost =>
  ({
    listStudies: async () => lists.studies ?? [],
    listCorpora: async () => lists.corpora ?? [],
    listModels: async () => lists.models ?? [],
    listRuns: async () => lists.runs ?? [],
  }) as never

it('a corpus that failed does not stand in front of the mended one of its name', async () => {
  const found = async (of: object[], wanted: string) => (await corpusNamed(labOf({ corpora: of }), wanted))?.id
  expect(await found(corpora, 'fixme')).toBe('c')
  expect(await found(corpora.slice(0, 2), 'fixme')).toBe('b')
  expect(await found(corpora.slice(0, 1), 'fixme')).toBe('a')
  expect((await corpusNamed(labOf({ corpora }), 'a'))?.state).toBe('failed') // an id before a name
  expect(await found(corpora, 'other')).toBeUndefined()
  expect(await found(corpora, 'fix')).toBeUndefined() // the beginning of a name may as well be a path
})

describe('an empty name', () => {
  const one = { id: '1', name: 'Only', state: 'finished', createdMs: 1, parameters: 1 }
  const lab = labOf({ studies: [one], corpora: [one], models: [one], runs: [one] })
  const finders: [string, (wanted: string) => Promise<unknown>, string][] = [
    ['findStudy', (wanted) => findStudy(lab, wanted), 'Which study?'],
    ['findStudy to delete', (wanted) => findStudy(lab, wanted, whole), 'Which study?'],
    ['findCorpus', (wanted) => findCorpus(lab, wanted), 'Which corpus?'],
    ['corpusNamed', (wanted) => corpusNamed(lab, wanted), 'Which corpus?'],
    ['findModel', (wanted) => findModel(lab, wanted), 'Which model?'],
    ['findRun', (wanted) => findRun(lab, wanted), 'Which run?'],
    ['findSubject', (wanted) => findSubject(lab, wanted), 'Which run?'],
  ]
  it.each(finders)('names nothing for %s, even where there is only one thing', async (_, find, question) => {
    for (const empty of ['', ' ', '\t']) {
      const refusal = await find(empty).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(CommanderError)
      expect(refusal).toMatchObject({ exitCode: 2, message: expect.stringContaining(question) })
    }
  })
})

it('a deletion asks for the whole name or id', async () => {
  const lab = labOf({ studies: [{ id: 'abc1', name: 'Alpha work' }] })
  expect((await findStudy(lab, 'A')).id).toBe('abc1')
  await expect(findStudy(lab, 'A', whole)).rejects.toThrow(/no study called "A" \(its whole name or id/)
  await expect(findStudy(lab, 'abc', whole)).rejects.toThrow(/no study called "abc"/)
  expect((await findStudy(lab, 'Alpha work', whole)).id).toBe('abc1')
  expect((await findStudy(lab, 'abc1', whole)).id).toBe('abc1')
})

it('a name of several says so, with the ids to choose from, in a sentence of bounded length', async () => {
  const long = 'M'.repeat(200)
  const models = ['1', '2', '3', '4'].map((id) => ({ id: `id-${id}`, name: long, state: 'finished' }))
  const message = await findSubject(labOf({ models }), long).catch((error: Error) => error.message)
  expect(message).toMatch(/could mean 4 of the runs and models: id-1 M+…, id-2 M+…, id-3 M+…, …\. Give its id\./)
  expect((message as string).length).toBeLessThanOrEqual(300)
  await expect(findModel(labOf({ models: models.slice(0, 2) }), long)).rejects.toThrow(/2 of the models: id-1/)
})

it('a subject is a run or a finished model; a name of both is no name of one', async () => {
  const run = { id: 'r', name: '84k', state: 'failed', createdMs: 1, parameters: 1 }
  const model = { id: 'm', name: 'gpt2', state: 'finished' }
  const lab = labOf({ runs: [run], models: [model, { id: 'x', name: 'half', state: 'failed' }] })
  expect(await findSubject(lab, '84k', 10)).toEqual({ kind: 'run', runId: 'r', step: 10 })
  expect(await findSubject(lab, 'last')).toEqual({ kind: 'run', runId: 'r', step: null })
  expect(await findSubject(lab, 'gpt2')).toEqual({ kind: 'model', modelId: 'm' })
  await expect(findSubject(lab, 'gpt2', 10)).rejects.toThrow('has no steps')
  await expect(findSubject(lab, 'half')).rejects.toThrow('no run called "half"')
  const both = labOf({ runs: [run], models: [{ ...model, name: '84k' }] })
  await expect(findSubject(both, '84k')).rejects.toThrow('2 of the runs and models')
})

it('`last` is of the runs made last the largest', async () => {
  const runs = [
    { id: 'old', name: 'a', createdMs: 1, parameters: 9 },
    { id: 'small', name: 'b', createdMs: 2, parameters: 1 },
    { id: 'large', name: 'c', createdMs: 2, parameters: 2 },
  ]
  expect((await findRun(labOf({ runs }), 'last')).id).toBe('large')
  await expect(findRun(labOf({}), 'last')).rejects.toThrow('no run called "last"')
})
