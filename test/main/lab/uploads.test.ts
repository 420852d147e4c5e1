// Nothing that was sent stays behind: what no record names goes, what a record names stays as long as that does.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tinyLab, until, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

/** As a browser would send it. */
function sent(id: string, name: string): string {
  const folder = join(bench.home, 'uploads', id)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), Array.from({ length: 400 }, (_, i) => `Sentence ${i} of ${name}.\n\n`).join(''))
  return join(folder, name)
}

it('what was sent and is named by no corpus and no model goes at the next start', async () => {
  const stray = sent('one', 'a.txt.part')
  const gathered = join(bench.home, 'models', 'abc-files')
  mkdirSync(gathered, { recursive: true })
  const model = join(bench.home, 'models', 'abc')
  mkdirSync(model)
  const lab = await bench.open()
  expect([existsSync(stray), existsSync(gathered), existsSync(model)]).toEqual([false, false, true])
  const kept = sent('two', 'kept.txt')
  const { id } = await lab.addCorpus([kept], 'Kept')
  await until(async () => (await lab.listCorpora()).find((one) => one.id === id && one.state === 'finished'))
  await lab.close()
  await bench.open()
  expect(existsSync(kept)).toBe(true)
})

it('what was sent for a corpus goes with it, and a file of the person’s own stays', async () => {
  const lab = await bench.open()
  const upload = sent('one', 'sent.txt')
  const own = join(bench.home, '..', 'own.txt')
  writeFileSync(own, 'A text of my own.\n\n'.repeat(40))
  for (const path of [upload, own]) {
    const { id } = await lab.addCorpus([path], 'Mine')
    await until(async () => (await lab.listCorpora()).find((one) => one.id === id && one.state !== 'queued'))
    await lab.deleteCorpus(id)
    expect(existsSync(path)).toBe(true) // it can still be brought back
  }
  await lab.emptyDeleted(null)
  expect([existsSync(upload), existsSync(own)]).toEqual([false, true])
})
