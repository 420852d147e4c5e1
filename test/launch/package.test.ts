// The packaged app, started far from the repository: it trains with the engine that it carries, and its checkpoint goes
// home.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error a plain module without types
import { configuration } from '../../electron-builder.config.mjs'
import { ensureBuilt } from '../support/build.ts'
import { findElectron, launchProgram, type LaunchedApp } from '../support/electron.ts'
import { ask, exportFirst, shapeOneMember } from '../support/lab-page.ts'
import { watchPage, type PageWatch } from '../support/watch-page.ts'

const built = ensureBuilt()
const electron = findElectron(built.root)
const pictures = join(built.root, 'test-results', 'launch')
const isMac = process.platform === 'darwin'
/** Where no compiler was found the app goes without its own engine. */
const hasNative =
  existsSync(join(built.root, 'build/native')) &&
  readdirSync(join(built.root, 'build/native')).some((name) => name.startsWith('isoflop-native.'))

/** One digit for each fuse of an Electron: RunAsNode, cookie encryption, NODE_OPTIONS, inspecting, … */
function fusesOf(program: string): string {
  const bytes = readFileSync(program)
  const at = bytes.indexOf('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX') + 32
  return bytes.toString('latin1', at + 2, at + 2 + bytes[at + 1]!)
}

describe.skipIf(!electron).sequential('the packaged app (needs an Electron: npm run setup:electron)', () => {
  let place: string
  let contents: string
  let fuses: string
  let lab: Omit<LaunchedApp, 'version'>
  let watch: PageWatch
  const byId = (id: string): Locator => lab.page.getByTestId(id)

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    place = mkdtempSync(join(tmpdir(), 'isoflop-package-'))
    execFileSync(process.execPath, [join(built.root, 'scripts/package.mjs'), '--dir', '--inspectable', '--to', place], {
      cwd: built.root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: electron!.folder },
    })
    const folder = join(
      place,
      readdirSync(place).find((name) => name.endsWith('-unpacked') || name.startsWith('mac'))!,
    )
    contents = join(folder, isMac ? 'Isoflop.app/Contents/Resources/app' : 'resources/app')
    const program = join(
      folder,
      { darwin: 'Isoflop.app/Contents/MacOS/Isoflop', win32: 'Isoflop.exe' }[process.platform as string] ?? 'isoflop',
    )
    fuses = fusesOf(program)
    lab = await launchProgram(program, ['--data', join(place, 'lab')], place)
    watch = await watchPage(lab.page)
  })

  afterAll(async () => {
    await lab?.app.close()
    rmSync(place, { recursive: true, force: true })
  })

  it('is one by its own name, with nothing of the repository', async () => {
    expect(await lab.app.evaluate(({ app }) => [app.isPackaged, app.getName(), app.getAppPath()])).toEqual([
      true,
      'Isoflop',
      contents,
    ])
    expect(
      readdirSync(contents)
        .filter((name) => name !== 'build')
        .sort(),
    ).toEqual(['LICENSE', 'NOTICE', 'node_modules', 'out', 'package.json', 'resources'])
  })

  it('takes no code from its environment', () => {
    // The last is on only for this test, which drives the app by it.
    expect(fuses.slice(0, 4)).toBe('1101')
    expect(configuration.electronFuses.enableNodeCliInspectArguments).toBe(false)
  })

  it('carries no libtensorflow, and no package twice', () => {
    expect(readdirSync(join(contents, 'node_modules/@tensorflow')).sort()).toEqual([
      'tfjs-backend-cpu',
      'tfjs-backend-wasm',
      'tfjs-core',
    ])
    const packages = readdirSync(join(contents, 'node_modules'))
    expect(packages).not.toContain('electron')
    expect(packages).not.toContain('vue')
  })

  it('trains a small member with the engine it carries', async () => {
    await shapeOneMember(lab.page, 1)
    await byId('train-ladder').click()
    await byId('nav-training').click()
    await expect
      .poll(async () => (await ask(lab.page, 'listRuns', null))[0]?.step ?? 0, { timeout: 120_000 })
      .toBeGreaterThan(2)
    await lab.page.screenshot({ path: join(pictures, 'package-training.png') })
    await expect
      .poll(() => byId('run-row').first().getByTestId('run-state').getAttribute('data-state'), { timeout: 120_000 })
      .toBe('finished')
    const [run] = await ask(lab.page, 'listRuns', null)
    expect(run.engine).toBe(hasNative ? 'native' : 'wasm')
    expect(run.validationLoss).toBeLessThan(Math.log(256))
    await lab.page.screenshot({ path: join(pictures, 'package-finished.png') })
  })

  it('knows its other engines, or says in a sentence why they are not here', async () => {
    // they are looked for once nothing trains
    await expect
      .poll(async () => (await ask(lab.page, 'machine')).probes.map(({ name }) => name), { timeout: 120_000 })
      .toEqual(expect.arrayContaining(['wasm', 'reference']))
    const { probes } = await ask(lab.page, 'machine')
    expect(
      probes.filter(({ name }) => name === 'wasm' || name === 'reference').map(({ isAvailable }) => isAvailable),
    ).toEqual([true, true])
    for (const { description } of probes) expect(description).toMatch(/^[^\n]{5,200}$/)
  })

  it('exports what it trained', async () => {
    const folder = join(place, 'taken-home')
    await lab.app.evaluate(({ dialog }) => {
      dialog.showMessageBox = (async () => ({ response: 0, checkboxChecked: false })) as never
    })
    await exportFirst(lab.page, folder)
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']))
    await lab.page.screenshot({ path: join(pictures, 'package-exported.png') })
    expect(watch.complaints).toEqual([])
  })
})
