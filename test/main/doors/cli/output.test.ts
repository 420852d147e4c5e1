// Every file that a command writes where a person says goes through one guard.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeOutput } from '#main/doors/cli/output.ts'

let base: string
let home: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'isoflop-output-'))
  home = join(base, 'lab')
  mkdirSync(join(home, 'runs', 'a'), { recursive: true })
  writeFileSync(join(home, 'isoflop.db'), 'everything')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

it('writes over nothing that is there, unless a person says so', async () => {
  const file = join(base, 'thesis.txt')
  expect(await writeOutput(home, file, 'one', {})).toBe(file)
  await expect(writeOutput(home, file, 'two', {})).rejects.toMatchObject({ code: 'conflict' })
  expect(readFileSync(file, 'utf8')).toBe('one')
  await writeOutput(home, file, 'two', { overwrite: true })
  expect(readFileSync(file, 'utf8')).toBe('two')
})

it('writes beside what the lab keeps, and among its exports', async () => {
  for (const file of ['report.html', 'exports/report.html', 'runs.html']) {
    await writeOutput(home, join(home, file), 'x', {})
    expect(readFileSync(join(home, file), 'utf8')).toBe('x')
  }
})

it('writes over nothing that the lab keeps, whatever a person says', async () => {
  symlinkSync(home, join(base, 'link'))
  for (const file of [
    'lab/isoflop.db',
    'lab/isoflop.db-wal',
    'lab/runs/a/new.html',
    'link/isoflop.db',
    'lab',
    'lab/exports',
  ])
    await expect(writeOutput(home, join(base, file), 'x', { overwrite: true }), file).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('keeps its own data'),
    })
  expect(readFileSync(join(home, 'isoflop.db'), 'utf8')).toBe('everything')
})
