// Slurm's commands, and an ssh, played by scripts: each answers what a test writes down for it, and keeps what it was
// called with. In front of them a place, as the lab has one.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { expect, vi } from 'vitest'
import { notHeardOf, type SlurmCluster } from '#shared/place.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import { saveCheckpoint } from '#main/core/model-formats/checkpoint.ts'
import { createSlurm } from '#main/lab/places/slurm.ts'
import type { Place } from '#main/lab/runs/place.ts'
import { createRecorder } from '#main/lab/runs/recorder.ts'
import { createRunStore } from '#main/lab/runs/run-store.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase } from '#main/platform/disk/database.ts'
import { createLoginNode } from '#main/platform/processes/login-node.ts'
import { runSummary } from './run-summary.ts'

/** Plays back the file `NAME.says`, and writes down what it was called with. */
const scripted = (root: string, name: string) =>
  `#!/bin/sh\necho "${name} $*" >> '${root}/calls'\n[ -f '${root}/${name}.fails' ] && { cat '${root}/${name}.fails' >&2; exit 1; }\ncat '${root}/${name}.says' 2>/dev/null\nexit 0\n`

/** ssh as it is: options, a host, and one line that the shell there reads. */
const scriptedSsh = (root: string) => `#!/bin/sh
[ -f '${root}/ssh.fails' ] && { cat '${root}/ssh.fails' >&2; exit 255; }
[ "$1" = -G ] && { echo 'controlpath none'; exit 0; }
while [ $# -gt 0 ]; do case $1 in -o) shift 2 ;; --) shift ;; far) shift; break ;; *) shift ;; esac; done
cd "${root}"; exec sh -c "$*"\n`

const cluster: SlurmCluster = {
  ...{ name: 'far', ssh: 'far', folder: '', engine: 'native', cpus: 1, partition: null, account: null, qos: null },
  ...{ time: null, gres: null, memory: null, constraint: null, prelude: null, command: '/sw/isoflop' },
}

export type ScriptedSlurm = ReturnType<typeof createScriptedSlurm>

export function createScriptedSlurm() {
  const root = mkdtempSync(join(tmpdir(), 'isoflop-place-'))
  const there = join(root, `the cluster's "folder"`)
  const told: RunSummary[] = []
  const path = process.env.PATH
  const program = (name: string, script: string): void =>
    writeFileSync(join(root, 'bin', name), script, { mode: 0o755 })
  mkdirSync(join(root, 'bin'))
  mkdirSync(join(root, 'tokens'))
  writeFileSync(join(root, 'tokens/train.bin'), 'tokens')
  for (const name of ['sbatch', 'squeue', 'scontrol', 'scancel']) program(name, scripted(root, name))
  program('ssh', scriptedSsh(root))
  process.env.PATH = `${join(root, 'bin')}${delimiter}${path}`
  const db = openDatabase(join(root, 'isoflop.db'), labSchema)
  const store = createRunStore(db)
  let count = 0

  const says = (name: string, text: string) => writeFileSync(join(root, `${name}.says`), `${text}\n`)
  says('sbatch', '41;far')
  const run = (id = 'r1'): RunSummary => store.read(id).summary
  return {
    root,
    /** The cluster's folder. */
    there,
    store,
    says,
    /** Replaces a command. */
    program,
    run,
    /** The lab's side, by ssh as people write it or on the login node itself. */
    open: (ssh: string | null): Place =>
      createSlurm({
        store,
        news: { tell: (kind, news) => void (kind === 'run' && told.push(news as RunSummary)) },
        nowMs: () => 1000,
        newId: () => `id${++count}x${told.length}`,
        recorder: ({ summary }) => createRecorder(summary, 1000, store, { tell: () => undefined }, () => 0),
        runsFolder: join(root, 'here'),
        // from home, where the scripted ssh begins
        reach: async () => ({
          cluster: { ...cluster, folder: ssh === null ? there : basename(there) },
          node: createLoginNode({ ssh }),
        }),
        prepare: async () => ({ tokensFolder: join(root, 'tokens'), tokensKey: 'key', title: 'Study' }),
        own: () => ({ root: '/', files: [], id: 'x' }),
        ownTorch: () => ({ root: '/', files: [], id: 't' }),
        stagingFolder: join(root, 'staging'),
        pollMs: 50,
      }),
    /** null: it answers again. */
    fails: (name: string, text: string | null) =>
      text === null
        ? rmSync(join(root, `${name}.fails`), { force: true })
        : writeFileSync(join(root, `${name}.fails`), text),
    remove: (name: string) => rmSync(join(root, name), { force: true }),
    calls: (): string => readFileSync(join(root, 'calls'), 'utf8'),
    becomes: (state: RunSummary['state'], words?: RegExp | string, id = 'r1') =>
      vi.waitFor(
        () => {
          expect([run(id).state, run(id).message]).toEqual([
            state,
            words === undefined ? expect.anything() : words instanceof RegExp ? expect.stringMatching(words) : words,
          ])
        },
        { timeout: 15_000, interval: 20 },
      ),
    start: (place: Place, ...ids: string[]): void => {
      const runs = ids.map((id) => runSummary({ id, state: 'queued', steps: 3, place: { name: 'far', ...notHeardOf } }))
      store.insert(runs.map((summary) => ({ summary, plan: { runId: summary.id } as RunPlan })))
      place.start(runs, { on: 'far', atOnce: 1 })
    },
    /** What the runner writes there. */
    record: (id: string, ...lines: object[]) =>
      appendFileSync(
        join(there, 'runs', id, 'records.jsonl'),
        lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      ),
    save: (id: string, updates: number) => {
      const empty = new Map([['w', new Float32Array([updates])]])
      const state = { updates, parameters: empty, firstMoments: empty, secondMoments: empty }
      return saveCheckpoint(join(there, 'runs', id, 'checkpoints'), { state, cursor: {} })
    },
    close: (): void => {
      db.close()
      process.env.PATH = path
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export const started = (step: number) => ({ kind: 'started', step, device: 'CPU', checkpoints: [], message: null })
export const step = (n: number) => ({
  kind: 'step',
  record: { step: n, tokens: n, loss: 1 / n, gradientNorm: 1, learningRate: 1, elapsedMs: n },
  peakBytes: 1,
})
