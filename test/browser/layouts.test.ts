// Every view at 853 px (1280 at 150 % zoom), 1280 and 2560 px, light and dark: nothing overflows sideways, no control
// is cut or lies on another, axe finds nothing; and the keyboard alone reaches every control.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.ts'
import { ensureBuilt } from '../support/build.ts'
import { launchChromium } from '../support/chromium.ts'
import { keyboardFindings, layoutFindings } from '../support/layout.ts'
import { smallText } from '../support/small-text.ts'
import { startWebLab, type WebLab } from '../support/web-lab.ts'

const built = ensureBuilt()
const pictures = join(built.root, 'test-results', 'layouts')

/** A view, and what is pressed in it to see its other pages. */
const views: [view: string, pages: string[]][] = [
  ['data', []],
  ['family', []],
  ['training', ['Table', 'List']],
  ['law', ['IsoFLOP', 'Optimal N and D', 'Loss–compute']],
  ['evaluation', ['Against compute', 'Evaluate']],
  ['models', ['Weights', 'Attention', 'Compare', 'Playground']],
  [
    'cluster',
    ['Search', 'Compare published runs', 'Scaling', 'Parallelism explained', 'Live run', 'Validation', 'Plan'],
  ],
  ['openness', []],
  ['settings', []],
]
const windows = [
  { width: 853, height: 533, theme: 'light' },
  { width: 1280, height: 800, theme: 'dark' },
  { width: 1280, height: 800, theme: 'light' },
  { width: 2560, height: 1440, theme: 'dark' },
] as const

let home: string
let lab: WebLab
let browser: Browser
let page: Page

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
  browser = await launchChromium()
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  await page.goto(lab.url)
  await page.getByTestId('nav-data').waitFor({ timeout: 60_000 })
})
afterAll(async () => {
  await browser.close()
  await lab.stop()
  rmSync(home, { recursive: true, force: true })
})

async function open(view: string): Promise<void> {
  await page.getByTestId(`nav-${view}`).click()
  await page.waitForTimeout(500)
}

/** Runs `look` on a view and on each of its pages. */
async function onEveryPage(look: (name: string) => Promise<void>): Promise<void> {
  for (const [view, pages] of views) {
    await open(view)
    await look(view)
    for (const name of pages) {
      const button = page.locator('main').getByRole('radio', { name, exact: true })
      const other = page.locator('main').getByRole('button', { name, exact: true })
      await button.or(other).first().click({ timeout: 5000 })
      await page.waitForTimeout(400)
      await look(`${view} ${name}`)
    }
  }
}

describe.sequential('every view', () => {
  for (const { width, height, theme } of windows) {
    it(`fits a window of ${width} x ${height}, ${theme}, and axe finds nothing`, async () => {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      const findings: string[] = []
      await onEveryPage(async (name) => {
        await page.screenshot({ path: join(pictures, `${name.replace(/\W+/g, '-')}-${width}-${theme}.png`) })
        const all = [...(await layoutFindings(page)), ...(await axeFindings(page))]
        findings.push(...all.map((finding) => `${name}: ${finding}`))
      })
      expect(findings).toEqual([])
    })
  }

  it('lets the keyboard alone reach every control, and shows where it is', async () => {
    await page.setViewportSize({ width: 1280, height: 800 })
    const findings: string[] = []
    await onEveryPage(async (name) => {
      findings.push(...(await keyboardFindings(page)).map((finding) => `${name}: ${finding}`))
    })
    expect(findings).toEqual([])
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
