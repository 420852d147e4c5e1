// Finds a Chromium for the browser tests: one on the PATH, else the one inside @sparticuz/chromium. Run directly, it
// prints JSON.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const file = join(folder, process.platform === 'win32' ? `${name}.exe` : name)
      try {
        accessSync(file, constants.X_OK)
        return file
      } catch {
        // Not here.
      }
    }
  }
  return null
}

/**
 * { executable, args, source }, or { reason } where there is none. Unpacks the packaged one (seconds) when it is
 * needed.
 */
export async function findChromium() {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  const executable = onPath()
  if (executable) return { executable, args: isRoot ? ['--no-sandbox'] : [], source: 'PATH' }
  if (process.platform !== 'linux' || process.arch !== 'x64') return { reason: 'there is no Chromium on the PATH' }
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    // Its own arguments are for a single process in a cloud function; two of them do here.
    return {
      executable: await packaged.executablePath(),
      args: ['--no-sandbox', '--no-zygote'],
      source: '@sparticuz/chromium',
    }
  } catch (error) {
    return {
      reason: `there is no Chromium on the PATH, and @sparticuz/chromium could not be unpacked (${error.message.split('\n')[0]})`,
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(JSON.stringify(await findChromium()))
