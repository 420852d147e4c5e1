import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportTarget } from '#main/lab/export-target.ts'

let base: string
let home: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'isoflop-target-'))
  home = join(base, 'lab')
  mkdirSync(join(home, 'models', 'a'), { recursive: true })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('the target of an export', () => {
  it('lies among the exports where it is not absolute, and anywhere outside the data', async () => {
    expect(await exportTarget(home, 'one')).toBe(join(home, 'exports', 'one'))
    expect(await exportTarget(home, join(base, 'lab-exports'))).toBe(join(base, 'lab-exports'))
    expect(await exportTarget(home, join(base, 'new', 'deep'))).toBe(join(base, 'new', 'deep'))
  })

  it('is never in the lab’s own data, by whatever way it is named', async () => {
    symlinkSync(home, join(base, 'link'))
    symlinkSync(join(home, 'models', 'a'), join(base, 'model'))
    const ways = [
      home,
      join(home, 'models', 'a'),
      join(home, 'exports'),
      '',
      '../models/a',
      join(base, 'link', 'runs', 'new'),
      join(base, 'model'),
    ]
    for (const way of ways) {
      await expect(exportTarget(home, way), way).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('keeps its own data'),
      })
    }
  })

  it('is not excused by exports that are a link into the data', async () => {
    symlinkSync(join(home, 'models'), join(home, 'exports'))
    await expect(exportTarget(home, 'a')).rejects.toMatchObject({ code: 'bad-input' })
  })
})
