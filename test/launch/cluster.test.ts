// A training on two emulated systems in a real Electron, from the window: its processes are forks of a utility process
// that run as plain Node.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { isAlive } from '#main/platform/disk/alive.ts'
import { ensureBuilt } from '../support/build.ts'
import { killElectron, launchElectron, type LaunchedApp } from '../support/electron.ts'
import { ask, exportFirst, shapeOneMember } from '../support/lab-page.ts'
import { watchPage, type PageWatch } from '../support/watch-page.ts'

const built = ensureBuilt()
const pictures = join(built.root, 'test-results', 'launch')
let home: string
let lab: LaunchedApp
const watch: PageWatch = { complaints: [] }

const byId = (id: string): Locator => lab.page.getByTestId(id)
const button = (name: string): Locator => lab.page.getByRole('button', { name, exact: true })
const picture = (name: string) => lab.page.screenshot({ path: join(pictures, `${name}.png`) })
const run = async (): Promise<RunSummary> =>
  (await ask(lab.page, 'listRuns', null)).find(({ systems }) => systems === 2)!
const plain = async (): Promise<RunSummary | undefined> =>
  (await ask(lab.page, 'listRuns', null)).find(({ systems }) => !systems)
const step = async (): Promise<number> => (await run())?.step ?? 0

/**
 * The store, the fabric and the systems: processes below the app's own that run our worker as plain Node. Where there
 * is a `ps` to ask.
 */
function parts(): number[] {
  if (process.platform === 'win32') return []
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row)!)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args }))
  const below = (pid: number): typeof rows =>
    rows.filter(({ parent }) => parent === pid).flatMap((row) => [row, ...below(row.pid)])
  return below(lab.app.process().pid!)
    .filter(({ args }) => args.includes(built.worker))
    .map(({ pid }) => pid)
}

async function open(): Promise<void> {
  lab = await launchElectron(built, home)
  await watchPage(lab.page, watch)
}

async function goLive(): Promise<void> {
  await byId('nav-cluster').click()
  await byId('cluster-pages')
    .getByRole('radio', { name: 'Live run' })
    .or(byId('cluster-pages').getByRole('button', { name: 'Live run', exact: true }))
    .first()
    .click()
}

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  home = mkdtempSync(join(tmpdir(), 'isoflop-cluster-'))
  await open()
})

afterAll(async () => {
  await lab?.app.evaluate(({ dialog }) => {
    dialog.showMessageBox = (async () => ({ response: 1, checkboxChecked: false })) as never
  })
  await lab?.app.close()
  rmSync(home, { recursive: true, force: true })
})

describe.sequential('a training on two systems', () => {
  it("starts from the cluster's page, and its steps advance", async () => {
    await shapeOneMember(lab.page, 8)
    await goLive()
    const slider = lab.page.getByRole('slider', { name: 'Systems' })
    await slider.focus()
    await slider.press('Home')
    await slider.press('ArrowRight')
    await expect.poll(() => byId('live-start').innerText()).toBe('Start on 2 systems')
    await byId('live-start').click()
    await expect.poll(step, { timeout: 120_000 }).toBeGreaterThan(10)
    expect((await run()).engine).toBe((await ask(lab.page, 'machine')).engine)
    expect(await byId('live-faults').innerText()).toMatch(
      /^0 processes have ended unexpectedly since it last started; 2 of 2 systems at work/,
    )
    if (process.platform !== 'win32') expect(parts()).toHaveLength(4)
    await picture('cluster-training')
  })

  it('makes good a system that was killed', async () => {
    await byId('kill-system').click()
    await expect.poll(() => byId('live-faults').innerText(), { timeout: 30_000 }).toMatch(/^1 process has/)
    const after = await step()
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(after + 10)
    await expect.poll(() => byId('live-faults').innerText(), { timeout: 30_000 }).toMatch(/2 of 2 systems at work/)
    await picture('cluster-recovered')
  })

  it('makes good a fabric and a store that were killed', async () => {
    for (const [id, ended] of [
      ['kill-fabric', /^2 processes have/],
      ['kill-store', /^3 processes have/],
    ] as const) {
      await byId(id).click()
      await expect.poll(() => byId('live-faults').innerText(), { timeout: 30_000 }).toMatch(ended)
      const after = await step()
      await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(after + 5)
    }
  })

  it('pauses and leaves no process behind, and goes on when it is resumed', async () => {
    await button('Pause').click()
    await expect.poll(async () => (await run()).state, { timeout: 60_000 }).toBe('paused')
    await expect.poll(parts, { timeout: 10_000 }).toEqual([])
    const { step: paused } = await run()
    await picture('cluster-paused')
    await button('Resume').click()
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(paused)
  })

  it('loses power, leaves no process behind, and goes on', async () => {
    const all = parts()
    await killElectron(lab)
    await expect.poll(() => all.filter(isAlive), { timeout: 10_000 }).toEqual([])
    await open()
    const interrupted = await run()
    expect(interrupted.state).toBe('interrupted')
    await goLive()
    await button('Resume').click()
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(interrupted.step)
  })

  it('comes to its end with the losses of the plain trainer, as if nothing had been killed', async () => {
    await expect.poll(async () => (await run()).state, { timeout: 240_000 }).toBe('finished')
    await byId('live-plain').click()
    await expect.poll(async () => (await plain())?.state, { timeout: 120_000 }).toBe('finished')
    expect(await byId('live-plain').count()).toBe(0)
    await expect
      .poll(() => byId('live-difference').innerText(), { timeout: 30_000 })
      .toMatch(/equal to the last bit|Largest relative difference \d/)
    await picture('cluster-finished')
    const [onCluster, beside] = await Promise.all(
      [await run(), (await plain())!].map(async ({ id }) =>
        (await ask(lab.page, 'readRecords', id, 0)).steps.map(({ loss }) => loss),
      ),
    )
    const differences = beside.map((loss, i) => Math.abs(onCluster[i] - loss) / loss)
    expect(onCluster.length).toBe(beside.length)
    expect(Math.max(...differences)).toBeLessThan(1e-3)
  })

  it('exports what it trained', async () => {
    const folder = join(home, 'exports', 'taken-home')
    await exportFirst(lab.page, folder)
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']))
    expect(watch.complaints).toEqual([])
  })
})
