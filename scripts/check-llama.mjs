// Runs GGUF exports with llama.cpp for real: builds llama-cpp-python once in an environment of its own (some ten
// minutes), then the tests that need it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const home = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'llama')
const made = process.platform === 'win32' ? join(home, 'Scripts', 'python.exe') : join(home, 'bin', 'python')
const has = (python) => spawnSync(python, ['-c', 'import llama_cpp'], { stdio: 'ignore' }).status === 0
const run = (command, args, env = {}) =>
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1

let python = [process.env.ISOFLOP_LLAMA_PYTHON, made].find((one) => one && existsSync(one) && has(one))
if (!python) {
  console.log('Building llama-cpp-python. This takes some minutes, once.')
  mkdirSync(dirname(home), { recursive: true })
  const slowly = { MAKEFLAGS: '-j1', CMAKE_BUILD_PARALLEL_LEVEL: '1', CMAKE_ARGS: '-DGGML_NATIVE=OFF -DLLAMA_CURL=OFF' }
  if (
    run('python3', ['-m', 'venv', home]) !== 0 ||
    run(made, ['-m', 'pip', 'install', '--quiet', 'llama-cpp-python'], slowly) !== 0 ||
    !has(made)
  ) {
    console.error('llama-cpp-python could not be built here; it needs a C++ compiler, cmake and the network.')
    process.exit(1)
  }
  python = made
}
process.exit(run('npx', ['vitest', 'run', '--project', 'llama'], { ISOFLOP_LLAMA_PYTHON: python }))
