// A thousand browsers on one lab while it trains: each is answered soon, and the host's memory stays what it was.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBuilt } from '../support/build.ts'
import { quantile, rounds } from '../support/campaign.ts'
import { startWebLab, type WebLab } from '../support/web-lab.ts'
import { beginTraining, labOf, prepare, residentBytes } from './activities.ts'
import { enter, openBrowser, type Browser } from './browsers.ts'

/** Each browser asks once in so long, as a window with two charts does. */
const betweenMs = 4000
const longestP95Ms = 1000
const mostGrowth = 64e6

let home: string
let lab: WebLab
beforeAll(async () => {
  const built = ensureBuilt()
  home = mkdtempSync(join(tmpdir(), 'isoflop-clients-'))
  prepare(built.cli, home)
  lab = await startWebLab(built, labOf(home))
})
afterAll(async () => {
  await lab.kill()
  rmSync(home, { recursive: true, force: true })
})

const count = rounds(200, 1000)
it(`${count} browsers are answered within a second`, async () => {
  const session = await enter(lab.url)
  const first = await openBrowser(session)
  await beginTraining(first)
  const browsers: Browser[] = [first]
  while (browsers.length < count) browsers.push(await openBrowser(session))
  const times: number[] = []
  const untilMs = Date.now() + rounds(8, 120) * 1000
  const live = async (browser: Browser, at: number): Promise<void> => {
    await sleep((betweenMs * at) / count)
    for (; Date.now() < untilMs; await sleep(betweenMs)) {
      await browser.ask('listRuns', [null])
      times.push(browser.lastMs)
    }
  }
  const all = Promise.all(browsers.map(live))
  await sleep(betweenMs) // all of them have asked by then
  const before = residentBytes(lab.process.pid!)
  await all
  const after = residentBytes(lab.process.pid!)
  console.info(`${times.length} answers, p95 ${quantile(times, 0.95).toFixed(0)} ms, host ${before} to ${after} bytes`)
  expect(times.length).toBeGreaterThan(count)
  expect(quantile(times, 0.95)).toBeLessThan(longestP95Ms)
  expect(after - before).toBeLessThan(mostGrowth)
  for (const browser of browsers) browser.close()
})
