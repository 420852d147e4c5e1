// Rows of openness of a person's own: kept in the lab beside those that ship, replaced, deleted, and read when damaged.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { publishedOpenness } from '#shared/openness/published.ts'
import { createOpenness } from '#main/lab/openness/openness.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-openness-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const ours = {
  id: 'ours',
  name: 'Ours',
  by: 'us',
  year: 2026,
  cells: { data: { answer: 'yes', note: 'all of it', source: 'our page' } },
  training: null,
}

it('a row is kept, replaced and deleted; one that ships is not', async () => {
  const folder = join(home, 'openness')
  await createOpenness(folder).save(ours)
  await createOpenness(folder).save({ ...ours, name: 'Ours again' })
  const openness = createOpenness(folder)
  const { rows } = await openness.catalogue()
  expect(rows).toHaveLength(publishedOpenness.length + 1)
  expect(rows[rows.length - 1]).toMatchObject({ isOwn: true, row: { name: 'Ours again' } })
  await openness.remove('ours')
  expect((await openness.catalogue()).rows.some(({ isOwn }) => isOwn)).toBe(false)
  await expect(openness.remove('ours')).rejects.toThrow('no row "ours" of your own')
  await expect(openness.remove('../isoflop')).rejects.toThrow('of your own')
  await expect(openness.save({ ...ours, id: 'pythia' })).rejects.toThrow('Give yours another id')
  await expect(openness.save({ ...ours, id: '../x' })).rejects.toThrow('small letters')
})

it('a file that is damaged is named and passed over', async () => {
  writeFileSync(join(home, 'broken.json'), '{')
  writeFileSync(join(home, 'other.json'), JSON.stringify(ours))
  const { rows, problems } = await createOpenness(home).catalogue()
  expect(rows).toHaveLength(publishedOpenness.length)
  expect(problems.map(({ file }) => file)).toEqual([join(home, 'broken.json'), join(home, 'other.json')])
  expect(problems[1].message).toContain('the file should be ours.json')
})
