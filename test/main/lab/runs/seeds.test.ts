import { afterEach, beforeEach, expect, it } from 'vitest'
import { countedRepeats } from '#shared/repeats.ts'
import { runIn, tinyLab, tinyStudy, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

it('every member is trained with seeds in turn, and those that have finished are not trained again', async () => {
  const lab = await bench.open()
  const study = await tinyStudy(lab)
  const [first] = await lab.startRuns(study.id, ['w8'])
  const finished = await runIn(lab, first.id, 'finished')
  const more = await lab.startRuns(study.id, ['w8'], { seeds: 3 })
  expect(more.map(({ seed }) => seed)).toEqual([first.seed! + 1, first.seed! + 2])
  expect(new Set([first, ...more].map(({ setting }) => setting)).size).toBe(1) // repeats of each other
  const others = await Promise.all(more.map(({ id }) => runIn(lab, id, 'finished')))
  expect(new Set([finished, ...others].map(({ validationLoss }) => validationLoss)).size).toBe(3)
  await expect(lab.startRuns(study.id, ['w8'], { seeds: 3 })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/all 3 have finished/),
  })
  const [again] = await lab.startRuns(study.id, ['w8'])
  await runIn(lab, again.id, 'finished')
  // the same seed twice is one observation
  expect(countedRepeats(await lab.listRuns(study.id)).map(({ run }) => run.seed)).toEqual(
    [1, 2, 0].map((k) => first.seed! + k),
  )
})

it('a limit of weights goes with systems alone, and seeds are a count', async () => {
  const lab = await bench.open()
  const study = await tinyStudy(lab)
  await expect(lab.startRuns(study.id, ['w8'], { systemWeightBytes: 1000 })).rejects.toMatchObject({
    code: 'bad-input',
  })
  await expect(lab.startRuns(study.id, ['w8'], { seeds: 0 })).rejects.toMatchObject({ code: 'bad-input' })
})
