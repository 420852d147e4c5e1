import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tinyLab, tinyStudy, trainingIn, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

describe('a study', () => {
  it('refuses a change that would invalidate its runs, and takes one that would not', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const [run] = await lab.startRuns(study.id, ['w8'])
    const changes = [
      { recipe: { ...study.recipe, seed: 9 } },
      { tokenizer: { kind: 'gpt2' as const } },
      { corpusId: 'moby-dick' },
      { ladder: { ...study.ladder, members: study.ladder.members.slice(1) } },
    ]
    for (const change of changes)
      await expect(lab.updateStudy(study.id, change)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('w8'),
      })
    expect(
      (
        await lab.updateStudy(study.id, {
          name: 'Renamed',
          ladder: { ...study.ladder, members: study.ladder.members.slice(0, 1) },
        })
      ).name,
    ).toBe('Renamed')
    await lab.stopRun(run.id)
    expect((await lab.updateStudy(study.id, { recipe: { ...study.recipe, seed: 9 } })).recipe.seed).toBe(9)
  })

  it('written to a document and read back gives the same plan', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 16])
    const document = JSON.parse(JSON.stringify(await lab.studyDocument(study.id)))
    const elsewhere = tinyLab()
    try {
      const other = await elsewhere.open()
      const copy = await other.importStudy(document)
      expect(copy.id).not.toBe(study.id)
      expect(await other.planStudy(copy.id)).toEqual(await lab.planStudy(study.id))
      expect((await other.importStudy(document)).name).toBe('Tiny 2')
    } finally {
      await elsewhere.clean()
    }
  })

  it('is duplicated, put away, deleted and brought back', async () => {
    let lab = await bench.open()
    const study = await tinyStudy(lab)
    const copy = await lab.duplicateStudy(study.id)
    expect(copy).toMatchObject({ name: 'Tiny copy', recipe: study.recipe, ladder: study.ladder, isArchived: false })
    const second = await lab.duplicateStudy(copy.id)
    expect(second.name).toBe('Tiny copy 2') // not a copy of a copy
    await lab.deleteStudy(second.id)
    expect((await lab.updateStudy(copy.id, { isArchived: true })).isArchived).toBe(true)
    const [run] = await lab.startRuns(study.id, ['w8'])
    await trainingIn(lab, run.id)
    await lab.deleteStudy(study.id) // a run that trains is paused first
    expect((await lab.listStudies()).map(({ id }) => id)).toEqual([copy.id])
    expect(await lab.listRuns(null)).toEqual([])
    expect(lab.isTraining()).toBe(false)
    await lab.restoreStudy(study.id)
    expect((await lab.listRuns(study.id)).map(({ state }) => state)).toEqual(['paused'])
    await lab.deleteStudy(study.id)
    await lab.close()
    lab = await bench.open()
    expect((await lab.listStudies()).map(({ id }) => id)).toEqual([copy.id])
    await lab.emptyDeleted(null)
    await expect(lab.restoreStudy(study.id)).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(join(bench.home, 'runs', run.id))).toBe(false)
  })
})
