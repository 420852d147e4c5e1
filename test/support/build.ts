// The built app, for tests that start it: built once, and again only when a source has changed.
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(__dirname, '../..')

/** Paths of the built app; builds it first where a source is newer. Takes seconds the first time. */
export function ensureBuilt(): BuiltApp {
  execFileSync(process.execPath, [resolve(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return {
    root,
    main: resolve(root, 'out/main/index.js'),
    cli: resolve(root, 'out/main/cli.js'),
    worker: resolve(root, 'out/main/worker.js'),
    renderer: resolve(root, 'out/renderer'),
    resources: resolve(root, 'resources'),
  }
}

export interface BuiltApp {
  /** The repository. */
  root: string
  /** What Electron is started with is `root`; this is its entry. */
  main: string
  cli: string
  worker: string
  /** The window's folder. */
  renderer: string
  resources: string
}
