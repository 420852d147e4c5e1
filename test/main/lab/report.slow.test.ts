// The report of a study that was really trained, from its records to the page.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runIn, tinyLab, tinyStudy, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

it('tells what was trained, its law and how to repeat it; members taken out are not in the law', async () => {
  const lab = await bench.open()
  const study = await tinyStudy(lab, [8, 12, 16])
  await lab.annotate('study', study.id, { note: 'Does it bend?' })
  for (const { id } of await lab.startRuns(study.id, ['w8', 'w12', 'w16'])) await runIn(lab, id, 'finished')
  const html = await lab.report(study.id, [])
  expect(html).toContain('Does it bend?')
  expect(html).toMatch(/3 of 3 finished/)
  expect(html).toMatch(/power law through 3 points/)
  expect(html.match(/isoflop train --corpus/g)).toHaveLength(3)
  expect(html).not.toMatch(/NaN|undefined|Infinity/)
  expect(await lab.report(study.id, ['w16'])).toMatch(/power law through 2 points/)
  await expect(lab.report('nobody', [])).rejects.toMatchObject({ code: 'not-found' })
})
