// Training while browsers come and go: after half an hour the host has no more memory and no more open files than
// after a few minutes.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBuilt } from '../support/build.ts'
import { quantile, rounds } from '../support/campaign.ts'
import { startWebLab, type WebLab } from '../support/web-lab.ts'
import { beginTraining, labOf, prepare, residentBytes } from './activities.ts'
import { enter, openBrowser } from './browsers.ts'

const mostGrowth = 48e6
const mostNewDescriptors = 16

let home: string
let lab: WebLab
beforeAll(async () => {
  const built = ensureBuilt()
  home = mkdtempSync(join(tmpdir(), 'isoflop-soak-'))
  prepare(built.cli, home)
  lab = await startWebLab(built, labOf(home))
})
afterAll(async () => {
  await lab.kill()
  rmSync(home, { recursive: true, force: true })
})

const seconds = rounds(20, 1800)
it.runIf(process.platform === 'linux')(`${seconds} seconds of training with browsers that come and go`, async () => {
  const session = await enter(lab.url)
  const watching = await openBrowser(session)
  await beginTraining(watching)
  const pid = lab.process.pid!
  const memory: number[] = []
  const descriptors: number[] = []
  let visits = 0
  const untilMs = Date.now() + seconds * 1000
  while (Date.now() < untilMs) {
    const browsers = await Promise.all(Array.from({ length: 5 }, () => openBrowser(session)))
    for (const browser of browsers) {
      for (const name of ['about', 'listStudies', 'listCorpora', 'settings']) await browser.ask(name, [])
      await browser.ask('listRuns', [null])
      browser.close()
      visits++
    }
    await sleep(200)
    memory.push(residentBytes(pid))
    descriptors.push(readdirSync(`/proc/${pid}/fd`).length)
  }
  // The first quarter warms up: code is compiled, caches fill.
  const part = (numbers: number[], quarter: number): number =>
    quantile(numbers.slice((numbers.length * quarter) / 4, (numbers.length * (quarter + 1)) / 4), 0.5)
  console.info(
    `${visits} visits; memory by quarters ${[0, 1, 2, 3].map((quarter) => (part(memory, quarter) / 1e6).toFixed(0)).join(', ')} MB, descriptors ${part(descriptors, 1)} to ${part(descriptors, 3)}`,
  )
  expect(part(memory, 3) - part(memory, 1)).toBeLessThan(mostGrowth)
  expect(part(descriptors, 3) - part(descriptors, 1)).toBeLessThan(mostNewDescriptors)
  await watching.ask('listRuns', [null])
})
