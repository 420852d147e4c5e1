import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { corpusReady, tinyLab, until, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

describe('a corpus', () => {
  it('is added, used, and refused to be deleted while a study uses it', async () => {
    const lab = await bench.open()
    const path = join(bench.home, 'own.txt')
    writeFileSync(path, Array.from({ length: 400 }, (_, i) => `Sentence number ${i} is here.\n\n`).join(''))
    const { id, state } = await lab.addCorpus([path], 'My own')
    expect(state).toBe('queued')
    const ready = await until(async () =>
      (await lab.listCorpora()).find((one) => one.id === id && one.state === 'finished'),
    )
    expect(ready.documents).toBeGreaterThan(2)
    const pieces = await lab.sampleCorpus(id, { kind: 'bytes' }, 'train', 0)
    expect(pieces.map(({ text }) => text).join('')).toMatch(/^Sentence number \d+/)
    await expect(lab.sampleCorpus(id, { kind: 'bpe', vocabulary: 300 }, 'train', 0)).rejects.toMatchObject({
      code: 'conflict',
    })
    const study = await lab.createStudy('Mine')
    await lab.updateStudy(study.id, { corpusId: id })
    await expect(lab.deleteCorpus(id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Mine'),
    })
    await lab.deleteStudy(study.id)
    await lab.deleteCorpus(id)
    expect((await lab.listCorpora()).some((one) => one.id === id)).toBe(false)
    expect((await lab.restoreCorpus(id)).state).toBe('finished')
    await lab.deleteCorpus(id)
    await lab.emptyDeleted([id])
    expect(existsSync(join(bench.home, 'corpora', id))).toBe(false)
  })

  it('is read again by another field, described, and its text looked at', async () => {
    const lab = await bench.open()
    const path = join(bench.home, 'posts.jsonl')
    writeFileSync(path, Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: i, body: `Post ${i}` })).join('\n'))
    const { id } = await lab.addCorpus([path], 'Posts')
    const when = (state: string) =>
      until(async () => (await lab.listCorpora()).find((one) => one.id === id && one.state === state))
    expect(await when('failed')).toMatchObject({ fields: ['body'], message: expect.stringContaining('no field text') })
    await lab.changeCorpus(id, { field: 'body' })
    expect(await when('finished')).toMatchObject({ documents: 60, field: 'body', message: null, warning: null })
    expect(await lab.corpusText(id, 'train', 0)).toMatch(/^Post \d+$/)
    await expect(lab.changeCorpus(id, { field: 'id' })).rejects.toMatchObject({ code: 'conflict' })
    const said = { name: 'Letters', licence: 'CC BY 4.0', notes: 'Of a forum.' }
    expect(await lab.changeCorpus(id, said)).toMatchObject(said)
    expect((await lab.listCorpora()).find((one) => one.id === id)).toMatchObject({ ...said, documents: 60 })
    const [bundled] = (await lab.listCorpora()).filter(({ origin }) => origin === 'bundled')
    if (bundled)
      await expect(lab.changeCorpus(bundled.id, { licence: 'mine' })).rejects.toMatchObject({ code: 'conflict' })
    const direct = await lab.addCorpus([path], 'Direct', 'body')
    expect(direct.field).toBe('body')
  })

  it('that came with the lab cannot be deleted', async () => {
    const lab = await bench.open()
    const { id } = await corpusReady(lab)
    await expect(lab.deleteCorpus(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('that cannot be read says why; one that is being read can be cancelled', async () => {
    bench.answer = (job, signal) =>
      job.kind === 'ingest' && job.request.name === 'Endless'
        ? (async function* () {
            for (let doneBytes = 0; !signal.aborted; doneBytes++) {
              yield { kind: 'progress', doneBytes, totalBytes: 1e9, documents: 0, duplicates: 0 }
              await new Promise((resolve) => setTimeout(resolve, 1))
            }
            throw new Fault('cancelled', 'Adding the corpus was cancelled; nothing of it was kept.')
          })()
        : null
    const lab = await bench.open()
    const before = await lab.listCorpora()
    await expect(lab.addCorpus([join(bench.home, 'nowhere.txt')], 'Gone')).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('nowhere.txt'),
    })
    expect(await lab.listCorpora()).toHaveLength(before.length)
    const file = (name: string) => {
      writeFileSync(join(bench.home, name), name === 'empty.txt' ? '' : 'A text.')
      return join(bench.home, name)
    }
    const empty = await lab.addCorpus([file('empty.txt')], 'Empty')
    const failed = await until(async () =>
      (await lab.listCorpora()).find((one) => one.id === empty.id && one.state === 'failed'),
    )
    expect(failed.message).toMatch(/0 different documents/)
    const endless = await lab.addCorpus([file('endless.txt')], 'Endless')
    const behind = await lab.addCorpus([file('behind.txt')], 'Behind')
    expect((await lab.cancelCorpus(behind.id)).state).toBe('cancelled') // at once, though its turn has not come
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await lab.cancelCorpus(endless.id)).state).toBe('cancelled')
    await expect(lab.cancelCorpus(endless.id)).rejects.toMatchObject({ code: 'conflict' })
    const study = await lab.createStudy('None')
    await lab.updateStudy(study.id, { corpusId: endless.id })
    await lab.updateSettings({ engine: 'reference' })
    await expect(lab.startRuns(study.id, [study.ladder.members[0].id])).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Endless'),
    })
  })
})
