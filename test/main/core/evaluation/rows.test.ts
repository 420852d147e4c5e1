// Rows of files as people have them: what Python wrote, what was joined carelessly, what was damaged.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readRows } from '#main/core/evaluation/rows.ts'

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-rows-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))
const write = (name: string, text: string): string => {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}
const fixture = (name: string): string => join(__dirname, '../../../fixtures/evaluation', name)

it('numbers that JSON does not know, and byte-order marks between joined files, are read', async () => {
  const rows = await readRows(write('a.jsonl', '{"text":"a","score":NaN}\n\ufeff{"text":"NaN","low":-Infinity}\n'))
  expect(rows.map(({ row }) => row)).toEqual([
    { text: 'a', score: null },
    { text: 'NaN', low: null },
  ])
  expect(await readRows(write('b.json', '\ufeff[{"text":"a","score":NaN}]'))).toHaveLength(1)
})

it('a line that is no JSON is named, and nothing of it is quoted', async () => {
  const path = write('c.jsonl', '{"text":"a"}\nroot:x:0:0\n')
  await expect(readRows(path)).rejects.toMatchObject({ code: 'bad-input', message: `${path}, line 2 is not JSON.` })
})

it('parquet gives the rows of the same file as lines of JSON', async () => {
  const rows = async (name: string) => (await readRows(fixture(name))).map(({ row }) => row)
  expect(await rows('arc_easy.parquet')).toEqual(await rows('arc_easy.jsonl'))
})

it.each(['unhandled', 'heavy', 'children'])(
  'a damaged parquet file is called so, and no failure of it strays: %s',
  async (name) => {
    const strays: unknown[] = []
    const listen = (reason: unknown): void => void strays.push(reason)
    process.on('unhandledRejection', listen)
    await expect(readRows(fixture(`${name}.parquet`))).rejects.toMatchObject({
      code: expect.stringMatching(/damaged|too-large/) as string,
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.off('unhandledRejection', listen)
    expect(strays).toEqual([])
  },
)
