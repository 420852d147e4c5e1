// A Chromium for the browser tests: the first that scripts/chromium.mjs finds.
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** Rejects with the reason where there is none. */
export async function launchChromium(...flags: string[]): Promise<Browser> {
  const found = JSON.parse(
    execFileSync(process.execPath, [resolve(__dirname, '../../scripts/chromium.mjs')], { encoding: 'utf8' }),
  ) as { executable?: string; args: string[]; reason?: string }
  if (!found.executable) throw new Error(found.reason)
  return chromium.launch({ executablePath: found.executable, args: [...found.args, ...flags], headless: true })
}
