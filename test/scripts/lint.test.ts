// The rules that ask for types stand: one offence for each of them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const root = join(__dirname, '../..')

const offences = `
async function later(): Promise<number> { return 3 }
export async function wrong(kind: 'a' | 'b', list: number[]) {
  later()
  if (later()) list.push(await 3)
  switch (kind) { case 'a': return 1 }
}
export async function right(kind: 'a' | 'b', list: (() => void)[]) {
  list.push(async () => await later())
  await later()
  switch (kind) { case 'a': return 1; default: return 2 }
}
`

test('a promise nobody waits for, one as a condition, a wait for no promise and a switch with a gap are found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isoflop-lint-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'offences.ts'), offences)
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/oxlint/bin/oxlint'),
      '-c',
      join(root, '.oxlintrc.json'),
      '--type-aware',
      '-f',
      'unix',
      folder,
    ],
    { cwd: root, encoding: 'utf8' },
  )
  const found = [...stdout.matchAll(/offences\.ts:(\d+):.*\((.*)\)\]/g)].map(([, line, rule]) => `${line} ${rule}`)
  expect(found.sort()).toEqual([
    '4 no-floating-promises',
    '5 await-thenable',
    '5 no-misused-promises',
    '6 switch-exhaustiveness-check',
  ])
})
