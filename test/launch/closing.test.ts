// Closing the window while a run trains, in a real Electron: kept in the background, or paused, or not closed at all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { ensureBuilt } from '../support/build.ts'
import { launchElectron, type LaunchedApp } from '../support/electron.ts'
import { ask } from '../support/lab-page.ts'

const built = ensureBuilt()
let home: string
let lab: LaunchedApp
let runId: string

const run = async (): Promise<RunSummary> => (await ask(lab.page, 'listRuns', null)).find(({ id }) => id === runId)!
const close = () => lab.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].close())
const isVisible = () => lab.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].isVisible())

/** The person's answer to the next dialogs, by the words on the button; what was shown is kept. */
const answering = (button: string) =>
  lab.app.evaluate(({ dialog }, wanted) => {
    const shown: unknown[] = []
    Object.assign(globalThis, { shown })
    dialog.showMessageBox = (async (...args: unknown[]) => {
      const options = args[args.length - 1] as { buttons: string[] }
      shown.push(options.buttons)
      return { response: options.buttons.findIndex((text) => text.startsWith(wanted)), checkboxChecked: false }
    }) as never
  }, button)
const shown = () => lab.app.evaluate(() => (globalThis as unknown as { shown: string[][] }).shown)

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-closing-'))
  lab = await launchElectron(built, home)
  const study = await ask(lab.page, 'createStudy', 'Closing')
  const [member] = study.ladder.members
  // Far longer than the test: it never ends by itself.
  await ask(lab.page, 'updateStudy', study.id, {
    tokenizer: { kind: 'bytes' },
    ladder: { ...study.ladder, members: [{ ...member, tokensPerParameter: 5000 }] },
  })
  const [started] = await ask(lab.page, 'startRuns', study.id, [member.id])
  runId = started.id
})

afterAll(async () => {
  await answering('Stop')
  await lab.app.close()
  rmSync(home, { recursive: true, force: true })
})

describe.sequential('closing the window while a run trains', () => {
  it('keeps the machine awake while a run trains', async () => {
    await expect.poll(async () => (await run()).state, { timeout: 120_000 }).toBe('running')
    expect(
      await lab.app.evaluate(({ powerSaveBlocker }) => [0, 1, 2, 3].some((id) => powerSaveBlocker.isStarted(id))),
    ).toBe(true)
  })

  it('asks, and stays when told to', async () => {
    await answering('Cancel')
    await close()
    await expect
      .poll(shown)
      .toEqual([['Keep training in the background', 'Pause and close', 'Stop and close', 'Cancel']])
    expect(await isVisible()).toBe(true)
    expect((await run()).state).toBe('running')
  })

  it('hides the window and trains on in the background; a second start brings it back', async () => {
    await answering('Keep')
    await close()
    await expect.poll(isVisible).toBe(false)
    const { step } = await run()
    await expect.poll(async () => (await run()).step, { timeout: 30_000 }).toBeGreaterThan(step)
    await launchElectron(built, home).catch(() => {})
    await expect.poll(isVisible).toBe(true)
    expect((await run()).state).toBe('running')
  })

  it('pauses and ends the app when told to, and the run can be resumed at the next start', async () => {
    await answering('Pause')
    const gone = new Promise<void>((done) => lab.app.process().once('exit', () => done()))
    await close()
    await gone
    lab = await launchElectron(built, home)
    const paused = await run()
    expect(paused.state).toBe('paused')
    expect(paused.checkpoints).toContain(paused.step)
    await ask(lab.page, 'resumeRun', runId)
    await expect.poll(async () => (await run()).step, { timeout: 60_000 }).toBeGreaterThan(paused.step)
  })

  it('does not ask again once the settings say what to do', async () => {
    await ask(lab.page, 'updateSettings', { onCloseWhileTraining: 'pause' })
    await answering('Cancel')
    const gone = new Promise<void>((done) => lab.app.process().once('exit', () => done()))
    await close()
    await gone
    lab = await launchElectron(built, home)
    expect((await run()).state).toBe('paused')
  })
})
