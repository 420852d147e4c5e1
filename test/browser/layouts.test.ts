// Every view at 853 px (1280 at 150 % zoom), 1280 and 2560 px, light and dark, with few runs and with a hundred: no
// control is cut or lies on another, axe finds nothing; with few the keyboard alone reaches every control.
// Each view is opened once and looked at in every window; axe, which takes longest, once for each theme.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.ts'
import { ensureBuilt } from '../support/build.ts'
import { launchChromium } from '../support/chromium.ts'
import { keyboardFindings, layoutFindings, stillness } from '../support/layout.ts'
import { smallText } from '../support/small-text.ts'
import { serveFilledLab } from '../bench/window-parts.ts'
import { startWebLab, type WebLab } from '../support/web-lab.ts'

/** A place in the window: a room, what is pressed in the room before it, or a command of the palette. */
interface Place {
  name: string
  room?: string
  press?: string
  command?: string
}

const room = (name: string, ...pages: string[]): Place[] => [
  { name, room: name },
  ...pages.map((page) => ({ name: `${name} ${page}`, press: page })),
]
/** What stands over the rooms, by the words of the palette; `Escape` closes it. */
const over = (...commands: string[]): Place[] => commands.map((command) => ({ name: command, command }))

const rooms: Place[] = [
  ...room('data'),
  ...room('family'),
  ...room('training', 'Table', 'List'),
  ...room('law', 'IsoFLOP', 'Optimal N and D', 'Loss–compute', 'Compare', 'Sweeps', 'This study'),
  ...room('evaluation', 'Against compute', 'Evaluate'),
  ...room('models', 'Weights', 'Attention', 'Compare', 'Playground'),
  ...room('cluster', 'Search', 'Compare published runs', 'Scaling', 'Parallelism explained'),
  ...['Live run', 'Validation', 'Plan'].map((page) => ({ name: `cluster ${page}`, press: page })),
  ...room('openness'),
  ...room('settings'),
]
const dialogs: Place[] = [
  { name: 'palette', command: '' },
  ...over(
    'Add an IsoFLOP grid',
    'Add members on fixed tokens',
    'Sweep a field',
    'Import a model',
    'Export a checkpoint',
  ),
  ...over('New study', 'Rename this study', 'Delete this study', 'Report of this study', 'Recently deleted'),
  ...over('What is a scaling law?', 'Keyboard shortcuts', 'Lesson: your first scaling law'),
  // The lesson stays open beside what it speaks of, and must not lie on it.
  ...room('models', 'Playground').map((place) => ({ ...place, name: `${place.name}, in the lesson` })),
]
/** Where a hundred runs show. */
const crowded: Place[] = [
  ...room('training', 'Table', 'List'),
  ...room('law', 'IsoFLOP', 'Optimal N and D', 'Loss–compute'),
  ...over('Run run 7, seed'),
].map((place) => ({ ...place, name: `of many, ${place.name}` }))

interface Size {
  width: number
  height: number
  theme: 'light' | 'dark'
  axe: string[] | 'all'
}
const windows: Size[] = [
  { width: 853, height: 533, theme: 'light', axe: [] },
  { width: 2560, height: 1440, theme: 'dark', axe: [] },
  { width: 1280, height: 800, theme: 'light', axe: 'all' },
  { width: 1280, height: 800, theme: 'dark', axe: ['color-contrast'] },
]
const built = ensureBuilt()
const pictures = join(built.root, 'test-results', 'layouts')
let home: string
let lab: WebLab
let many: Awaited<ReturnType<typeof serveFilledLab>>
let browser: Browser

/** A study with two trained members, one of them evaluated, by the command line. */
function fillLab(): void {
  const isoflop = (...args: string[]) =>
    execFileSync(process.execPath, [built.cli, ...args], { env: { ...process.env, ISOFLOP_HOME: home }, stdio: 'pipe' })
  const file = join(home, 'words.txt')
  writeFileSync(file, smallText(60_000))
  isoflop('corpus', 'add', file, '--name', 'Words')
  const recipe = '--tokenizer bytes --context 16 --tokens-per-parameter 1 --batch-tokens 512 --largest 60k'.split(' ')
  isoflop('train', '--name', 'A study with a name that is rather long', '--corpus', 'Words', ...recipe)
  isoflop('evaluate', '--run', 'last', '--task', 'copy', '--limit', '5')
}

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  home = mkdtempSync(join(tmpdir(), 'isoflop-layouts-'))
  fillLab()
  lab = await startWebLab(built, home)
  many = await serveFilledLab({ runs: 100, steps: 40, live: 3 }, built.renderer)
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await Promise.all([lab.stop(), many.close()])
  rmSync(home, { recursive: true, force: true })
})

async function openWindow(url: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(url)
  await page.getByTestId('nav-data').waitFor({ timeout: 60_000 })
  return page
}

async function open(page: Page, { room, press, command }: Place): Promise<void> {
  if (room) await page.getByTestId(`nav-${room}`).click()
  if (press) {
    const named = { name: press, exact: true }
    const main = page.locator('main')
    await main.getByRole('radio', named).or(main.getByRole('button', named)).first().click({ timeout: 5000 })
  }
  if (command !== undefined) {
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette').waitFor()
    await page.keyboard.type(command)
    if (command) await page.getByRole('option', { name: command }).first().click({ timeout: 5000 })
    if (command) await page.getByTestId('palette').waitFor({ state: 'detached' })
  }
}

/** What is wrong with where the window is, in every size and theme, and by keyboard. */
async function look(page: Page, name: string, byKeyboard: boolean): Promise<string[]> {
  const findings: string[] = []
  for (const { width, height, theme, axe } of windows) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme: theme })
    await stillness(page)
    const found = [...(await layoutFindings(page)), ...(axe.length ? await axeFindings(page, axe) : [])]
    findings.push(...found.map((finding) => `${name}, ${width} px, ${theme}: ${finding}`))
    const path = join(pictures, `${name.replace(/\W+/g, '-')}-${width}-${theme}.png`)
    await page.screenshot({ path })
  }
  if (!byKeyboard) return findings
  return [...findings, ...(await keyboardFindings(page)).map((finding) => `${name}, by keyboard: ${finding}`)]
}

/** A hundred runs have the controls of one, so one is walked by keyboard. */
async function walk(page: Page, places: Place[], byKeyboard = true): Promise<string[]> {
  const findings: string[] = []
  for (const place of places) {
    await open(page, place)
    findings.push(...(await look(page, place.name, byKeyboard)))
    if (place.command !== undefined) await page.keyboard.press('Escape')
  }
  return findings
}

describe.sequential('every view fits, axe finds nothing, and the keyboard reaches every control', () => {
  let page: Page
  beforeAll(async () => {
    page = await openWindow(lab.url)
  })
  it('in the rooms', async () => expect(await walk(page, rooms)).toEqual([]))
  it('in what stands over them', async () => expect(await walk(page, dialogs)).toEqual([]))
  it('the ladder has room for all its columns at 1024 px', async () => {
    await page.setViewportSize({ width: 1024, height: 700 })
    await open(page, { name: 'family', room: 'family' })
    const widths = await page
      .getByRole('region', { name: 'Members of the family' })
      .evaluate(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }))
    expect(widths.scrollWidth).toBe(widths.clientWidth)
  })
  it('the choices of a chart and its tools stand in one row, zoomed as well', async () => {
    for (const [room, chart] of Object.entries({ training: 'loss-chart', law: 'law-chart' })) {
      await page.getByTestId(`nav-${room}`).click()
      await page.getByTestId(chart).getByRole('group').focus()
      await page.keyboard.press('+')
      const bar = page.locator(`[data-testid=${chart}] .bar`).filter({ hasText: 'Show all' })
      for (const width of [1024, 1280]) {
        await page.setViewportSize({ width, height: 700 })
        await stillness(page)
        expect(await bar.evaluate(({ clientHeight }) => clientHeight), `${room} at ${width} px`).toBeLessThan(40)
      }
      await page.keyboard.press('0')
    }
  })
  it('names in a chart stand after a change of size where they stand in one opened so', async () => {
    const drawn = () =>
      page.locator('[data-testid=loss-chart] .canvas canvas').evaluate((one) => (one as HTMLCanvasElement).toDataURL())
    await page.getByTestId('nav-training').click()
    await stillness(page)
    await page.setViewportSize({ width: 853, height: 533 })
    await stillness(page)
    const resized = await drawn()
    await page.getByTestId('nav-data').click()
    await page.getByTestId('nav-training').click()
    await stillness(page)
    expect(await drawn()).toBe(resized)
  })
  it('with a hundred runs, three of which train', async () => {
    expect(await walk(await openWindow(many.url), crowded, false)).toEqual([])
  })
})

it('a check of the layout finds what is wrong with one', async () => {
  const bad = await browser.newPage({ viewport: { width: 400, height: 300 } })
  await bad.setContent(`<main style="overflow:hidden;width:300px"><button style="width:200px">One</button>
    <button style="position:absolute;left:20px;top:10px">Two</button>
    <button style="margin-left:200px;width:200px">Three</button><button tabindex="-1">Four</button></main>`)
  const findings = await layoutFindings(bad)
  expect(findings.some((line) => /"One" and .*"Two" overlap/.test(line))).toBe(true)
  expect(findings.some((line) => /"Three" is cut at the side/.test(line))).toBe(true)
  expect(await keyboardFindings(bad)).toContain('button "Four" is not reached by Tab')
  await bad.close()
})
