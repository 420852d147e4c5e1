/* global document */
// From nothing to the first loss: a fresh lab, a browser, one click; how long until each stage and until a curve is
// drawn.
//   node test/bench/first-loss.mjs [--times 3] [--picture FILE]
// Build first: npm run build. Prints one JSON document.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { root } from '../../scripts/bundle.mjs'
import { findChromium } from '../../scripts/chromium.mjs'

const { values } = parseArgs({ options: { times: { type: 'string', default: '3' }, picture: { type: 'string' } } })
const found = await findChromium()
const browser = await chromium.launch({ executablePath: found.executable, args: found.args, headless: true })

/** `isoflop serve` on a folder, and its link. */
async function serve(home) {
  const child = spawn(process.execPath, ['bin/isoflop.mjs', 'serve', '--port', '0', '--data', home], { cwd: root })
  let said = ''
  const url = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said += chunk
      const link = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(said)
      if (link) resolve(link[0])
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', (code) => reject(new Error(`isoflop serve ended with ${code}: ${said}`)))
  })
  const gone = new Promise((done) => child.once('exit', done))
  return { url, end: () => (child.kill('SIGINT'), gone) }
}

async function once(picture) {
  const home = mkdtempSync(join(tmpdir(), 'isoflop-first-'))
  const lab = await serve(home)
  const page = await browser.newPage({ viewport: { width: 1360, height: 880 } })
  try {
    const startedAt = performance.now()
    await page.goto(lab.url)
    const way = page.getByTestId('start-emerge')
    await way.click()
    const clickedAt = performance.now()
    const since = () => Number(((performance.now() - clickedAt) / 1000).toFixed(2))
    const stages = {}
    const isDrawn = () =>
      page.evaluate(() => {
        const list = document.querySelector('[data-testid=stages]')
        const done = list
          ? [...list.querySelectorAll('[aria-label=done]')].map((one) => one.parentElement.textContent)
          : []
        const chart = document.querySelector('[data-testid=law-chart]')
        return { done, isDrawn: !list && !!chart?.querySelector('canvas') }
      })
    for (;;) {
      const now = await isDrawn()
      for (const stage of now.done) stages[stage.trim()] ??= since()
      if (now.isDrawn) break
      if (since() > 120) throw new Error('there is no curve after two minutes')
      await page.waitForTimeout(20)
    }
    const firstLossSeconds = since()
    if (picture) await page.screenshot({ path: picture })
    return { firstLossSeconds, clickAfterOpenSeconds: Number(((clickedAt - startedAt) / 1000).toFixed(2)), stages }
  } finally {
    await page.close()
    await lab.end()
    rmSync(home, { recursive: true, force: true })
  }
}

try {
  const tries = []
  for (let i = 0; i < Number(values.times); i++) tries.push(await once(values.picture))
  console.log(
    JSON.stringify(
      { cpu: cpus()[0].model.trim(), cores: cpus().length, load: Number(loadavg()[0].toFixed(1)), tries },
      null,
      2,
    ),
  )
} finally {
  await browser.close()
}
process.exit(0)
