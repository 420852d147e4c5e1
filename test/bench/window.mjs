/* global window, document, requestAnimationFrame */
// How fluent the window is with many runs: frames, answers to a press, memory; in a real browser, while the processor
// trains beside it.
//   node test/bench/window.mjs [--runs 100] [--steps 20000] [--live 3] [--seconds 20] [--no-training] [--picture FILE]
// Build first: npm run build. Prints one JSON document.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { bundle, root } from '../../scripts/bundle.mjs'
import { findChromium } from '../../scripts/chromium.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    steps: { type: 'string', default: '20000' },
    live: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    'no-training': { type: 'boolean' },
    picture: { type: 'string' },
  },
})
const { serveFilledLab } = createRequire(import.meta.url)(await bundle('test/bench/window-parts.ts', 'bench-window'))
const [runs, steps, live, seconds] = ['runs', 'steps', 'live', 'seconds'].map((name) => Number(values[name]))
const lab = await serveFilledLab({ runs, steps, live }, join(root, 'out', 'renderer'))
const found = await findChromium()
const browser = await chromium.launch({ executablePath: found.executable, args: found.args, headless: true })
const trainer = values['no-training']
  ? null
  : spawn(
      process.execPath,
      [
        'bin/isoflop.mjs',
        'bench',
        '--engine',
        'native',
        '--shape',
        'A',
        '--only',
        'train',
        '--pairs',
        '100',
        '--seconds',
        '5',
      ],
      { cwd: root, stdio: 'ignore' },
    )
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 880 } })
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const busySeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration').value
  }
  const [openedAt, hostBefore] = [performance.now(), process.cpuUsage()]
  await page.goto(lab.url)
  await page.getByTestId('nav-training').click()
  await page.getByTestId('run-row').first().waitFor()
  const opensInSeconds = (performance.now() - openedAt) / 1000
  const { user, system } = process.cpuUsage(hostBefore)
  // of the page's thread, and of the host with what drives the browser: what other programs do does not count
  const openingCpuSeconds = { page: await busySeconds(), host: (user + system) / 1e6 }
  // Until every curve is there: the lab was asked for all of them, and nothing more is painted.
  await page.waitForFunction(
    () => {
      const canvas = document.querySelector('[data-testid=standing-runs]')
      if (!canvas?.width) return false
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      let painted = 0
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) painted++
      if (painted !== window.lastPainted) window.paintedAt = performance.now()
      window.lastPainted = painted
      return painted > 0 && performance.now() - window.paintedAt > 3000
    },
    null,
    { timeout: 120_000, polling: 500 },
  )
  const quietMs = await page.evaluate(() => performance.now() - window.paintedAt)
  const drawnInSeconds = (performance.now() - openedAt - quietMs) / 1000

  lab.start()
  await page.waitForTimeout(2000)
  const [busyBefore, measuredFrom] = [await busySeconds(), performance.now()]
  await page.evaluate(() => {
    window.frames = []
    let last = performance.now()
    const frame = (now) => {
      window.frames.push(now - last)
      last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  // A press on the button that asks to stop all, and on the one that takes it back.
  const answers = []
  const until = performance.now() + 1000 * seconds
  if (live === 0) await page.waitForTimeout(1000 * seconds) // nothing to stop, so nothing to press
  while (live > 0 && performance.now() < until) {
    answers.push(
      await page.evaluate(
        () =>
          new Promise((done) => {
            const pressedAt = performance.now()
            document.querySelector('[data-testid=stop-all]').click()
            const look = () => {
              const dialog = document.querySelector('[role=dialog], [role=alertdialog]')
              if (dialog) done(performance.now() - pressedAt)
              else requestAnimationFrame(look)
            }
            look()
          }),
      ),
    )
    await page.keyboard.press('Escape')
    await page.waitForTimeout(900)
  }
  const frames = (await page.evaluate(() => window.frames)).slice(1).sort((a, b) => a - b)
  const busyShare = (1000 * ((await busySeconds()) - busyBefore)) / (performance.now() - measuredFrom)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  if (values.picture) await page.screenshot({ path: values.picture })
  const middle = (numbers) => Number([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)].toFixed(1))
  const two = (seconds) => Number(seconds.toFixed(2))
  const at = (share) => Number(frames[Math.floor(share * (frames.length - 1))].toFixed(1))
  console.log(
    JSON.stringify(
      {
        cpu: cpus()[0].model.trim(),
        cores: cpus().length,
        browser: browser.version(),
        training: trainer !== null,
        runs,
        steps,
        live,
        opensInSeconds: Number(opensInSeconds.toFixed(2)),
        openingCpuSeconds: { page: two(openingCpuSeconds.page), host: two(openingCpuSeconds.host) },
        drawnInSeconds: Number(drawnInSeconds.toFixed(2)),
        frameMs: { median: at(0.5), p95: at(0.95), longest: at(1) },
        answerMs:
          answers.length > 0 ? { median: middle(answers), longest: Number(Math.max(...answers).toFixed(1)) } : null,
        // of one core, by the page's own thread: what other programs do beside it does not count
        busyShare: Number(busyShare.toFixed(3)),
        heapMiB: Math.round(usedSize / 2 ** 20),
      },
      null,
      2,
    ),
  )
} finally {
  trainer?.kill()
  await browser.close()
  await lab.close()
}
process.exit(0)
