// The job of a cluster's check, run as a node would run it that lacks something: each is one sentence with what the
// node said and what to do.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SlurmCluster } from '#shared/place.ts'
import { plainCluster } from '#main/doors/cli/cluster.ts'
import { checkScript, readCheck, readTorch } from '#main/lab/places/check-script.ts'

let root: string
/** The programs of the node, and no others. */
let bin: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'isoflop-check-'))
  bin = join(root, 'bin')
  mkdirSync(bin)
  mkdirSync(join(root, 'check'))
  for (const name of ['head', 'tail', 'grep', 'tr', 'cat', 'hostname', 'bash']) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
    symlinkSync(stdout.trim(), join(bin, name))
  }
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const program = (name: string, script: string) =>
  writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 })
/** A node with Node.js, whose engine trains, or says why not. */
const nodeWith = (engine: string, version = 'v20.20.2') =>
  program(
    'node',
    `case $* in --version) echo ${version} ;; *build-native*) command -v g++ > /dev/null && : > "${root}/made" || exit 1 ;; *) ${engine} ;; esac`,
  )
const trains = `echo '{ "rates": { "median": 28547.2 } }'`

function check(more: Partial<SlurmCluster> = {}) {
  const cluster = { ...plainCluster('far', '.'), ...more }
  const script = checkScript(cluster, 'c', { root: '/', id: 'x', files: [] })
  const env = { PATH: bin, SLURM_SUBMIT_DIR: root, SLURMD_NODENAME: 'n7' }
  const { stdout, stderr } = spawnSync('bash', [], { input: script, env, encoding: 'utf8' })
  return { ...readCheck(`${stderr}${stdout}`, cluster.engine), output: stdout }
}

describe('a node of a cluster', () => {
  it('with everything is told with what it trains', () => {
    nodeWith(trains)
    expect(check()).toMatchObject({
      node: 'n7',
      nodeJs: ['good', 'v20.20.2'],
      engine: ['good', 'native trains there, 28,547 tokens/s on a small step'],
    })
  })
  it('without Node.js', () => {
    expect(check().nodeJs).toEqual([
      'bad',
      expect.stringMatching(/^node is not found on the nodes\. Name what brings Node\.js 20, with --prelude/),
    ])
  })
  it('with a Node.js that is too old', () => {
    nodeWith(trains, 'v14.21.3')
    expect(check().nodeJs).toEqual(['bad', expect.stringMatching(/^v14\.21\.3 is too old\. Name/)])
  })
  it('with a C library that is older than its Node.js', () => {
    program('node', 'echo "node: /lib64/libm.so.6: version \\`GLIBC_2.27\' not found (required by node)" >&2; exit 1')
    expect(check().nodeJs).toEqual([
      'bad',
      expect.stringMatching(
        /newer C library than the nodes have: node: \/lib64.*GLIBC_2\.27.*Node\.js 16 runs on glibc 2\.17/,
      ),
    ])
  })
  it('where the module of the prelude is missing, with Node.js and without', () => {
    program(
      'module',
      `echo 'Lmod has detected the following error:  The following module(s) are unknown: "nodejs"' >&2; exit 1`,
    )
    const prelude = 'module load nodejs'
    expect(check({ prelude }).nodeJs).toEqual([
      'bad',
      expect.stringMatching(
        /^The prelude loads no Node\.js: Lmod has .* unknown: "nodejs"\. Name a module that `module avail` lists/,
      ),
    ])
    nodeWith(trains)
    expect(check({ prelude }).nodeJs).toEqual([
      'warning',
      expect.stringMatching(/^v20\.20\.2, but of the prelude: Lmod/),
    ])
  })
  const older = `[ -f "${'$'}{BASH_SOURCE%/bin/node}/made" ] && { ${trains}; exit; }
    echo "The native engine could not be loaded: version 'GLIBC_2.34' not found" >&2; exit 1`
  it('with a C library that is older than our own compiles it there', () => {
    nodeWith(older)
    program('g++', 'echo "g++ 8.5"')
    expect(check().engine).toEqual([
      'good',
      expect.stringMatching(/^native trains there, .* \(compiled on the node\)$/),
    ])
  })
  it('and without a compiler', () => {
    nodeWith(older)
    expect(check().engine).toEqual([
      'bad',
      expect.stringMatching(
        /^native does not train there: .*GLIBC_2\.34.*There is no C\+\+ compiler on the nodes: load one in the prelude\.$/,
      ),
    ])
  })
  it('whose modules are known to shells that log in alone', () => {
    const script = checkScript({ ...plainCluster('far', '.'), prelude: 'module load nodejs' }, 'c', null)
    expect(script).toContain('command -v module >/dev/null || . /etc/profile >/dev/null\nmodule load nodejs\n')
    expect(checkScript({ ...plainCluster('far', '.'), prelude: 'export A=b' }, 'c', null)).not.toContain('/etc/profile')
  })
  it('without PyTorch, and without the GPUs that were meant', () => {
    nodeWith(trains)
    const [python, gpus] = ['/sw/python', { card: 'a100-80' }]
    expect(readTorch(check({ python, ...gpus }).output, python, true)).toEqual([
      'bad',
      expect.stringMatching(/^\/sw\/python has no PyTorch there: .*Install it/),
    ])
    program('python', 'echo "2.6.0|0|"')
    expect(readTorch(check({ python: join(bin, 'python') }).output, python, true)[1]).toContain(
      'sees no GPU. Name one with --gres',
    )
    program('python', 'echo "2.6.0|8|NVIDIA A100"')
    expect(readTorch(check({ python: join(bin, 'python') }).output, python, true)).toEqual([
      'good',
      'PyTorch 2.6.0, 8 GPUs: NVIDIA A100',
    ])
  })
})
