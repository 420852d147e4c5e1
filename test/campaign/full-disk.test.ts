// A disk that fills at every place of everything that takes long: the command ends with a sentence, and once there is
// room again the same work goes on to the same bits.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ensureBuilt } from '../support/build.ts'
import { rounds } from '../support/campaign.ts'
import { seededRandom } from '../support/seed.ts'
import { activities, copyPlace, endAll, prepare, remains, start } from './activities.ts'

/** Longer than anything takes here: what has not ended by then waits for somebody who does not come. */
const patienceMs = 60_000

let cli: string
let home: string
let prepared: string
let disk: string
beforeAll(() => {
  cli = ensureBuilt().cli
  home = mkdtempSync(join(tmpdir(), 'isoflop-full-'))
  prepared = join(home, 'prepared')
  prepare(cli, prepared)
  disk = join(home, 'disk')
  mkdirSync(disk)
})
beforeEach(() => {
  expect(mount(), 'a small disk could be mounted').toBe(true)
})
afterEach(() => {
  endAll()
  spawnSync('umount', ['--lazy', disk])
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

/** A small disk in memory, which root alone may mount. */
const mount = (): boolean => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=192m', 'none', disk]).status === 0
const canMount = process.platform === 'linux' && process.getuid?.() === 0

const free = (): number => {
  const { bavail, bsize } = statfsSync(disk)
  return bavail * bsize
}

/** Takes all but about `left` bytes. */
function fill(left: number): void {
  try {
    writeFileSync(join(disk, 'fill'), Buffer.alloc(Math.max(0, free() - left)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

it.runIf(canMount)(
  'on a disk without a byte left, a study is looked at, deleted, and its space comes back',
  async () => {
    const place = copyPlace(prepared, join(disk, 'place'))
    await start(cli, place, ['studies', 'create', 'Mine', '--json']).ended
    fill(0)
    const looked = await start(cli, place, ['runs', '--json']).ended
    expect(looked.status, looked.stderr).toBe(0)
    const deleted = await start(cli, place, ['studies', 'delete', 'Prepared', '--yes', '--json']).ended
    expect(deleted.status, deleted.stderr).toBe(0)
    expect((await start(cli, place, ['studies', '--json']).ended).stdout).not.toContain('"Prepared"')
  },
)

for (const activity of activities) {
  const levels = rounds(2, 40)
  it.runIf(canMount)(`${activity.name}, at ${levels} levels`, async () => {
    const random = seededRandom()
    const place = copyPlace(prepared, join(disk, 'place'))
    const before = free()
    const control = await start(cli, place, activity.begin(place)).ended
    expect(control.status, control.stderr).toBe(0)
    const needed = before - free()
    const expected = remains(place)

    for (let level = 0; level < levels; level++) {
      copyPlace(prepared, place)
      // From nothing at all to a little more than is needed.
      const left = Math.round(1.1 * needed * ((level + random.next()) / levels) ** 2)
      fill(left)
      const command = start(cli, place, activity.begin(place))
      const timer = setTimeout(() => process.kill(command.pid, 'SIGKILL'), patienceMs)
      const first = await command.ended
      clearTimeout(timer)
      const story = `${left} bytes left of ${needed}: ${first.status} ${first.stderr.slice(-600)}`
      expect(first.status, `hung; ${story}`).not.toBeNull()
      if (first.status !== 0) {
        expect(first.stderr, story).toMatch(/full|free/i)
        expect(first.stderr, story).not.toMatch(/SQLITE|ENOSPC|rollback|at .*\.js:\d+/)
        expect(JSON.parse(first.stdout), story).toBeTruthy()
      }
      rmSync(join(disk, 'fill'))
      const second = await start(cli, place, activity.again(place)).ended
      expect(second.status, `${story}\n${second.stderr}`).toBe(0)
      expect(remains(place), story).toEqual(expected)
    }
  })
}
