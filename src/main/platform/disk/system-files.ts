// What the operating system and the package say about themselves in files: read at once, because it is asked while
// things are set up.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folders from where this code runs up to the root of the disk. */
function* foldersAbove(): Generator<string> {
  let folder = typeof __dirname === 'string' ? __dirname : process.cwd()
  for (;;) {
    yield folder
    if (dirname(folder) === folder) return
    folder = dirname(folder)
  }
}

/** null where there is no file, or a pipe or a device in its place. */
export function textOf(path: string): string | null {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : null
  } catch {
    return null
  }
}

/**
 * The package this code belongs to: the nearest folder above whose package.json is called `name`; null when it has been
 * taken out of one.
 */
export function packageFolder(name: string): string | null {
  for (const folder of foldersAbove()) {
    const text = textOf(join(folder, 'package.json'))
    if (text === null) continue
    try {
      if ((JSON.parse(text) as { name?: string }).name === name) return folder
    } catch {
      /* not JSON, so not ours */
    }
  }
  return null
}

/** The first of these files that exists. */
export function firstFile(paths: readonly string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null
}

/**
 * Groups of logical processors that share one physical core, as Linux numbers them ("0,4"); empty where the system does
 * not say.
 */
export function coreSiblings(): string[] {
  const folder = '/sys/devices/system/cpu'
  try {
    return readdirSync(folder)
      .filter((entry) => /^cpu\d+$/.test(entry))
      .map((entry) => textOf(join(folder, entry, 'topology/thread_siblings_list'))?.trim() ?? '')
      .filter((siblings) => siblings !== '')
  } catch {
    return []
  }
}

/** The most memory this process has had resident, bytes. Linux's VmHWM, because rusage begins with the parent's. */
export function peakResidentBytes(): number {
  const line = textOf('/proc/self/status')?.match(/^VmHWM:\s+(\d+) kB$/m)
  return (line ? Number(line[1]) : process.resourceUsage().maxRSS) * 1024
}
