import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { canRepeat, repeatVerdict } from '#shared/study-lock.ts'
import type { StudyDocument } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { runIn, tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

let here: Bench
let there: Bench
let folder: string
beforeEach(() => {
  here = tinyLab()
  there = tinyLab()
  folder = mkdtempSync(join(tmpdir(), 'isoflop-locks-'))
})
afterEach(async () => {
  await here.clean()
  await there.clean()
  rmSync(folder, { recursive: true, force: true })
})

const train = async (lab: LabHost, runs: { id: string }[]) => {
  for (const { id } of runs) await runIn(lab, id, 'finished')
}

/** A study of one member, trained with so many seeds, as a locked file. */
async function lockedFile(lab: LabHost, seeds = 1): Promise<StudyDocument> {
  const study = await tinyStudy(lab)
  await train(lab, await lab.startRuns(study.id, ['w8'], { seeds }))
  return JSON.parse(JSON.stringify(await lab.studyDocument(study.id, true))) as StudyDocument
}

const read = async (lab: LabHost, document: StudyDocument) => {
  await until(async () => (await lab.listCorpora()).every(({ state }) => state === 'finished'), 'the texts')
  return lab.importStudy(document)
}

it('a locked study comes to the same bits in another lab, by its own seeds and engine', async () => {
  const document = await lockedFile(await here.open(), 2)
  expect(document.lock!.runs.map(({ memberId, seed }) => [memberId, seed])).toEqual([
    ['w8', 0],
    ['w8', 1],
  ])
  expect(new Set(document.lock!.runs.map(({ losses }) => losses)).size).toBe(2)
  const lab = await there.open()
  const study = await read(lab, document)
  const before = await lab.repeatReport(study.id)
  expect(canRepeat(before)).toBe(true)
  expect(repeatVerdict(before)).toBe('2 runs to repeat.')
  const runs = await lab.repeatStudy(study.id)
  await train(lab, runs)
  const after = await lab.repeatReport(study.id)
  expect(after.checks.map(({ what, standing }) => [what, standing])).toEqual([
    ['text', 'same'],
    ['tokenizer', 'same'],
    ['version', 'same'],
    ['engine', 'same'],
  ])
  expect(after.runs.map(({ isSame }) => isSame)).toEqual([true, true])
  expect(repeatVerdict(after)).toBe('Same bits: every loss of 2 runs is the one recorded.')
  expect(await lab.repeatStudy(study.id)).toEqual([]) // what was repeated is not trained again
})

it('one loss that differs in its last bits is seen, and the size of the difference is said', async () => {
  const document = await lockedFile(await here.open())
  const lab = await there.open()
  const changed = { ...document, recipe: { ...document.recipe, epsilon: document.recipe.epsilon * 1.0001 } }
  const study = await read(lab, changed)
  await train(lab, await lab.repeatStudy(study.id))
  const report = await lab.repeatReport(study.id)
  expect(report.runs.some(({ isSame }) => isSame === false)).toBe(true)
  expect(repeatVerdict(report)).toMatch(/^Not the same bits: 1 of 1 run differs/)
})

it('a study on another text is refused, and the file of a text that is elsewhere finds it by its content', async () => {
  const lab = await here.open()
  const document = await lockedFile(lab)
  const other = await read(lab, { ...document, lock: { ...document.lock!, text: 'f'.repeat(64) } })
  const report = await lab.repeatReport(other.id)
  expect(canRepeat(report)).toBe(false)
  await expect(lab.repeatStudy(other.id)).rejects.toThrow(/holds other documents .* Choose the same text/)
  const renamed = await read(lab, { ...document, corpus: { id: 'elsewhere', name: 'x', documents: 0, bytes: 0 } })
  expect(renamed.corpusId).toBe(document.corpus.id)
})

it('nothing is locked that the study would not train now', async () => {
  const lab = await here.open()
  const study = await tinyStudy(lab)
  await expect(lab.studyDocument(study.id, true)).rejects.toThrow('Train its members first')
  await train(lab, await lab.startRuns(study.id, ['w8']))
  const { recipe } = study
  await lab.updateStudy(study.id, { recipe: { ...recipe, weightDecay: recipe.weightDecay / 2 } })
  await expect(lab.studyDocument(study.id, true)).rejects.toThrow('Train its members first')
  await expect(lab.repeatReport(study.id)).rejects.toThrow('did not come as a locked file')
})

it('an export carries the file that repeats it, and its card links it', async () => {
  const lab = await here.open()
  const study = await tinyStudy(lab)
  const [run] = await lab.startRuns(study.id, ['w8'])
  await runIn(lab, run.id, 'finished')
  const out = join(folder, 'model')
  await lab.export({ kind: 'run', runId: run.id, step: null }, out, false)
  expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('[isoflop-study.json](isoflop-study.json)')
  const document = JSON.parse(readFileSync(join(out, 'isoflop-study.json'), 'utf8')) as StudyDocument
  expect(document.lock!.runs.map(({ memberId }) => memberId)).toEqual(['w8'])
  writeFileSync(join(out, 'isoflop-study.json'), '{}') // an export may be replaced with it
  await lab.export({ kind: 'run', runId: run.id, step: null }, out, true)
  await read(lab, document)
})
