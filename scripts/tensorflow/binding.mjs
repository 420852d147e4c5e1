// The binding between Node and libtensorflow: whether it works, and how it is compiled in a folder aside.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Problem } from '../setup/problem.mjs'

const require = createRequire(import.meta.url)

/**
 * Loads the whole package in a process of its own and multiplies two numbers on it. @returns {{ version?: string,
 * isGpu?: boolean, error?: string }}
 */
export function tryPackage(folder) {
  const program = `
const util = require('node:util')
util.isNullOrUndefined ??= (value) => value === null || value === undefined
util.isArray ??= Array.isArray
const tf = require(${JSON.stringify(folder)})
const product = tf.matMul(tf.tensor2d([3], [1, 1]), tf.tensor2d([7], [1, 1])).dataSync()[0]
if (product !== 21) throw new Error('3 x 7 gave ' + product)
console.log(JSON.stringify({ version: tf.backend().binding.TF_Version, isGpu: tf.backend().isUsingGpuDevice }))`
  return answerOf(program)
}

/** Loads a freshly compiled binding by itself, in a process of its own. */
export const tryBinding = (path) =>
  answerOf(`console.log(JSON.stringify({ version: require(${JSON.stringify(path)}).TF_Version }))`)

function answerOf(program) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  })
  const line = stdout.trim().split('\n').pop()
  if (status === 0 && line?.startsWith('{')) return JSON.parse(line)
  const lines = stderr.trim().split('\n')
  const said = (lines.find((text) => /^(Uncaught )?\w*Error: /.test(text)) ?? lines.pop())?.trim()
  return { error: said || `the process ended with ${signal ?? status}` }
}

/** Compiles the binding in `aside`, which holds deps/; returns the path of the binding. */
export function compileBinding(packageFolder, aside) {
  for (const part of ['binding', 'binding.gyp', 'package.json'])
    cpSync(join(packageFolder, part), join(aside, part), { recursive: true })
  const compiler = require.resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp', { paths: [packageFolder] })
  // Most Nodes bring their headers along; without this node-gyp would download them.
  const prefix = dirname(dirname(process.execPath))
  const nodedir = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : []
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [compiler, 'install', '--build-from-source', ...nodedir],
    { cwd: aside, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 },
  )
  if (error || status !== 0) {
    const output = `${stdout}\n${stderr}`
    const why =
      output
        .split('\n')
        .find((line) => /: (fatal )?error:|gyp ERR! stack Error|not found/i.test(line))
        ?.trim() ?? 'no reason given'
    throw new Problem(
      `The binding did not compile: ${why}`,
      'It needs g++, make, python3 and the headers of Node (Debian: apt-get install g++ make python3; Node from nodejs.org brings its headers). Then run this again.',
      error,
    )
  }
  const lib = join(aside, 'lib')
  const folder = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith('napi-')) : undefined
  if (!folder)
    throw new Problem('The compiler made no binding.', 'Please report it, with the versions of Node, npm and g++.')
  return join(lib, folder, 'tfjs_binding.node')
}

/** The names under which the binding looks for the two libraries. */
export function nameLibraries(folder) {
  mkdirSync(folder, { recursive: true })
  symlinkSync('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so'))
  symlinkSync('libtensorflow_framework.so.2', join(folder, 'libtensorflow_framework.so'))
}
