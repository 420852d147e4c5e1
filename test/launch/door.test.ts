// The Electron door, tried from inside a real window: what the page can reach, and that it cannot get out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabBridge } from '#shared/lab-bridge.ts'
import { ensureBuilt } from '../support/build.ts'
import { launchElectron, type LaunchedApp } from '../support/electron.ts'
import { watchPage, type PageWatch } from '../support/watch-page.ts'

declare const window: Window & { isoflop: LabBridge; ran?: boolean }

const built = ensureBuilt()
let home: string
let lab: LaunchedApp
let watch: PageWatch

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-door-'))
  lab = await launchElectron(built, home)
  watch = await watchPage(lab.page)
  // What the app would hand to the system is written down instead.
  await lab.app.evaluate(({ shell }) => {
    const opened: string[] = []
    Object.assign(globalThis, { opened })
    shell.openExternal = async (url) => void opened.push(url)
  })
})

afterAll(async () => {
  await lab?.app.close()
  rmSync(home, { recursive: true, force: true })
})

const opened = () => lab.app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)

describe('the window', () => {
  it('speaks to the lab and has nothing of Node', async () => {
    const { page } = lab
    expect(page.url()).toMatch(/^app:\/\/isoflop\//)
    const reply = await page.evaluate(() => window.isoflop.request('about'))
    expect(reply).toMatchObject({ ok: true, value: { door: 'electron', home } })
    expect(
      await page.evaluate(() => [
        typeof (globalThis as any).require,
        typeof (globalThis as any).process,
        typeof (globalThis as any).Buffer,
        typeof (globalThis as any).module,
      ]),
    ).toEqual(['undefined', 'undefined', 'undefined', 'undefined'])
    expect(await page.evaluate(() => Object.keys(window.isoflop).sort())).toEqual(['door', 'listen', 'request'])
  })

  it('is sandboxed, isolated and without Node by its preferences', async () => {
    const preferences = await lab.app.evaluate(({ webContents }) => {
      const [contents] = webContents.getAllWebContents()
      return (contents as unknown as { getLastWebPreferences(): Record<string, unknown> }).getLastWebPreferences()
    })
    expect(preferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
    })
  })

  it('runs no script that was not built into it, and reaches nothing outside', async () => {
    const { page } = lab
    const before = watch.complaints.length
    const tried = await page.evaluate(async () => {
      const inline = document.createElement('script')
      inline.textContent = 'window.ran = true'
      document.body.append(inline)
      const reached = await fetch('https://example.com/').then(
        () => true,
        () => false,
      )
      const socket = await new Promise((resolve) => {
        try {
          const line = new WebSocket('ws://127.0.0.1:9/')
          line.onopen = () => resolve(true)
          line.onerror = () => resolve(false)
        } catch {
          resolve(false)
        }
      })
      return { ran: window.ran === true, reached, socket }
    })
    expect(tried).toEqual({ ran: false, reached: false, socket: false })
    await expect.poll(() => watch.complaints.slice(before).join('\n')).toMatch(/script-src[\s\S]*connect-src/)
    watch.complaints.splice(before)
  })

  it('knows where a dropped file lies, and asks the person about every other path', async () => {
    const [file, other] = [join(home, 'dropped.txt'), join(home, 'other.txt')]
    writeFileSync(file, 'text')
    writeFileSync(other, 'text')
    await lab.app.evaluate(({ dialog }) => {
      dialog.showMessageBox = (async (_window: unknown, { detail }: { detail: string }) => {
        Object.assign(globalThis, { askedFor: detail })
        return { response: 1, checkboxChecked: false }
      }) as never
    })
    const asked = () => lab.app.evaluate(() => (globalThis as unknown as { askedFor?: string }).askedFor)
    const add = (path: string) => lab.page.evaluate((one) => window.isoflop.request('addCorpus', [one], 'mine'), path)
    expect(await add(file)).toMatchObject({ ok: false, code: 'cancelled' })
    expect(await asked()).toContain(file)
    const forged = (path: string) =>
      lab.page.evaluate((one) => {
        try {
          return window.isoflop.door.pathOfFile!(Object.assign(new File(['x'], 'x'), { path: one }))
        } catch {
          return ''
        }
      }, path)
    expect(await forged(other)).toBe('')
    expect(
      await lab.page.evaluate((path) => {
        try {
          return window.isoflop.door.pathOfFile!({ name: 'x', size: 1, path } as never)
        } catch {
          return ''
        }
      }, other),
    ).toBe('')
    await lab.page.evaluate(() => {
      const input = document.createElement('input')
      input.type = 'file'
      input.id = 'try-file'
      document.body.append(input)
    })
    await lab.page.setInputFiles('#try-file', file)
    expect(
      await lab.page.evaluate(() =>
        window.isoflop.door.pathOfFile!((document.querySelector('#try-file') as HTMLInputElement).files![0]),
      ),
    ).toBe(file)
    expect(await add(file)).toMatchObject({ ok: true })
    expect(await add(other)).toMatchObject({ ok: false, code: 'cancelled' })
    expect(await asked()).toContain(other)
    await lab.page.evaluate(() => document.querySelector('#try-file')!.remove())
  })

  it('goes nowhere else: links to a few hosts open outside, one a click, everything else not at all', async () => {
    const { app, page } = lab
    const url = page.url()
    const known = 'https://huggingface.co/gpt2'
    const open = (to: string): Promise<boolean> => page.evaluate((target) => window.open(target) === null, to)
    const leave = (to: string): Promise<void> =>
      page
        .evaluate((target) => {
          location.href = target
        }, to)
        .catch(() => {})
    expect(await open(known)).toBe(true)
    await leave(known)
    for (const to of [
      'https://example.com/',
      'http://huggingface.co/',
      `${known}?${'x'.repeat(3000)}`,
      'file:///etc/passwd',
    ]) {
      await page.keyboard.press('Shift')
      expect(await open(to), to).toBe(true)
      await leave(to)
    }
    for (const to of ['data:text/html,hello', 'app://other/']) await leave(to)
    expect(await opened()).toEqual([])
    await open(known)
    await open(`${known}-large`) // The key that was pressed last counts once.
    await expect.poll(opened).toEqual([known])
    await page.mouse.click(1, 1)
    await leave(`${known}-xl`)
    await expect.poll(opened).toEqual([known, `${known}-xl`])
    expect(page.url()).toBe(url)
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    expect(
      await page.evaluate(
        async () => (await fetch('app://isoflop/../package.json').catch(() => ({ status: 404 }))).status,
      ),
    ).toBe(404)
  })

  it('is given no permission', async () => {
    expect(
      await lab.page.evaluate(async () => {
        const asked = await navigator.mediaDevices?.getUserMedia({ audio: true }).then(
          () => 'granted',
          (error: Error) => error.name,
        )
        return [asked ?? 'NotAllowedError', Notification.permission]
      }),
    ).toEqual([expect.stringMatching(/NotAllowedError|NotFoundError/), 'denied'])
  })

  it('saves bytes where the person says', async () => {
    const target = join(home, 'curve.bin')
    await lab.app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath }) as never
    }, target)
    expect(await lab.page.evaluate(() => window.isoflop.door.saveFile!('curve.bin', new Uint8Array([1, 2, 3])))).toBe(
      target,
    )
    expect([...readFileSync(target)]).toEqual([1, 2, 3])
    await lab.app.evaluate(({ dialog }) => {
      dialog.showSaveDialog = async () => ({ canceled: true, filePath: '' }) as never
    })
    expect(await lab.page.evaluate(() => window.isoflop.door.saveFile!('curve.bin', new Uint8Array([1])))).toBeNull()
  })

  it('comes back when its renderer dies, to a lab that never noticed', async () => {
    await lab.page.evaluate(() => window.isoflop.request('createStudy', 'Survivor'))
    const loaded = lab.app.evaluate(
      ({ BrowserWindow }) =>
        new Promise<void>((done) => {
          const { webContents } = BrowserWindow.getAllWindows()[0]
          webContents.once('did-finish-load', () => done())
          webContents.forcefullyCrashRenderer()
        }),
    )
    await loaded
    const studies = await lab.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0].webContents.executeJavaScript(
        "window.isoflop.request('listStudies').then((reply) => reply.value.map(({ name }) => name))",
      ),
    )
    expect(studies).toContain('Survivor')
  })
})

describe('the app', () => {
  it("starts once for a data folder: a second start shows the first one's window", async () => {
    await expect(launchElectron(built, home)).rejects.toThrow()
    expect(await lab.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
  })

  it('opens again where it was left', async () => {
    const bounds = { x: 40, y: 50, width: 1100, height: 720 }
    await lab.app.evaluate(({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0].setBounds(wanted), bounds)
    await lab.app.close()
    lab = await launchElectron(built, home)
    expect(
      await lab.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].getNormalBounds()),
    ).toMatchObject({ width: 1100, height: 720 })
  })
})
