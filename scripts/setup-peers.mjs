// Obtains the Python that the comparisons with PyTorch and transformers need, in a virtual environment of its own under
// ~/.cache/isoflop.
// Prints its path, fit for ISOFLOP_PYTHON. Tests only: the lab itself never needs Python.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const packages = ['torch==2.13.0', 'transformers', 'safetensors', 'numpy', 'gguf']
const home = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'python')
const program = (folder) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')

const hasPeers = (python) =>
  spawnSync(python, ['-c', 'import torch, transformers, safetensors, numpy, gguf'], { stdio: 'ignore' }).status === 0

/**
 * The first Python that has them: named by ISOFLOP_PYTHON, on the PATH, or made by this script. Null where there is
 * none.
 */
export function findPeers() {
  const made = program(home)
  return (
    [process.env.ISOFLOP_PYTHON, 'python3', existsSync(made) ? made : undefined].find(
      (python) => python && hasPeers(python),
    ) ?? null
  )
}

/** Null once they are there, else one sentence why not. */
export function setupPeers() {
  const run = (command, args) => spawnSync(command, args, { stdio: ['ignore', 2, 2], timeout: 900_000 }).status === 0
  // A virtual environment knows its own path, so it is made in its place, and what was there waits beside it.
  const before = `${home}.before`
  rmSync(before, { recursive: true, force: true })
  mkdirSync(dirname(home), { recursive: true })
  if (existsSync(home)) renameSync(home, before)
  const problem = !run('python3', ['-m', 'venv', home])
    ? 'python3 could not make a virtual environment; on Debian this needs python3-venv'
    : !run(program(home), ['-m', 'pip', 'install', '--quiet', ...packages])
      ? `pip could not install ${packages.join(', ')}`
      : !hasPeers(program(home))
        ? `${packages.join(', ')} were installed but cannot be imported`
        : null
  if (problem !== null) {
    rmSync(home, { recursive: true, force: true })
    if (existsSync(before)) renameSync(before, home)
  }
  rmSync(before, { recursive: true, force: true })
  return problem
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problem = findPeers() ? null : setupPeers()
  if (problem !== null) {
    console.error(`${problem}.`)
    process.exit(1)
  }
  console.log(findPeers())
}
