// `kill -9` of the host, of its workers and of both, at random moments of everything that takes long: asked for again,
// it ends with the same bits and leaves nothing else.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBuilt } from '../support/build.ts'
import { rounds } from '../support/campaign.ts'
import { seededRandom } from '../support/seed.ts'
import { activities, copyPlace, descendants, endAll, prepare, remains, start } from './activities.ts'

const victims = ['host', 'workers', 'both'] as const
/** Of one trial: killed so often, then let go on to its end. */
const killsOfATrial = 3

let cli: string
let home: string
let prepared: string
beforeAll(() => {
  cli = ensureBuilt().cli
  home = mkdtempSync(join(tmpdir(), 'isoflop-kills-'))
  prepared = join(home, 'prepared')
  prepare(cli, prepared)
})
afterAll(() => {
  endAll()
  rmSync(home, { recursive: true, force: true })
})

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}

for (const [at, activity] of activities.entries()) {
  const trials = rounds(1, 15)
  it(`${activity.name}, killed ${trials * killsOfATrial} times`, async () => {
    const random = seededRandom()
    const place = copyPlace(prepared, join(home, 'place'))
    const startedMs = performance.now()
    const control = await start(cli, place, activity.begin(place)).ended
    const tookMs = performance.now() - startedMs
    expect(control.status, control.stderr).toBe(0)
    const expected = remains(place)

    for (let trial = 0; trial < trials; trial++) {
      copyPlace(prepared, place)
      const story: string[] = []
      for (let kills = 0; kills < killsOfATrial; kills++) {
        const command = start(cli, place, kills === 0 ? activity.begin(place) : activity.again(place))
        const moment = random.next() * tookMs
        await Promise.race([sleep(moment), command.ended])
        const victim = victims[(at + trial + kills) % victims.length]
        const workers = descendants(command.pid)
        if (victim !== 'host') workers.forEach(kill)
        if (victim !== 'workers' || workers.length === 0) kill(command.pid)
        story.push(`${victim} after ${moment.toFixed(0)} ms${command.isOver() ? ', when all was done' : ''}`)
        const { stderr } = await command.ended
        story.push(stderr.trim().split('\n').at(-1) ?? '')
      }
      const last = await start(cli, place, activity.again(place)).ended
      expect(last.status, `${story.join('\n')}\n${last.stdout}${last.stderr}`).toBe(0)
      expect(remains(place), story.join('\n')).toEqual(expected)
    }
  })
}
