// The script of an array: what Slurm is asked, and that no name means more to a shell than itself.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SlurmCluster, TorchChoice } from '#shared/place.ts'
import { shellWord } from '#shared/shell.ts'
import { question, readAnswer } from '#main/lab/places/questions.ts'
import { checkScript } from '#main/lab/places/check-script.ts'
import { scriptOf } from '#main/lab/places/script.ts'
import { submitScript } from '#main/lab/places/submission.ts'
import { handOverScript } from '#main/lab/places/torch-script.ts'

const cluster: SlurmCluster = {
  ...{ name: 'here', ssh: null, folder: '/scratch/me', engine: 'native', cpus: 8, partition: 'cpu,long' },
  ...{ account: 'nais2026-1', qos: null, time: '8:00:00', gres: 'gpu:a100:1', memory: '16G', constraint: 'epyc&ib' },
  ...{ prelude: 'module load nodejs/20\nexport A="b c"', command: null },
}
const array = { id: 'a1', title: 'My study', runs: 4, atOnce: 2, runner: ['node', 'runner/x/out/main/cli.js'] }
const options = (script: string): string[] =>
  script
    .split('\n')
    .filter((line) => line.startsWith('#SBATCH '))
    .map((line) => line.slice(8))

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isoflop-script-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a name may hold: everything but the byte that no path can. */
const anyName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => !/[\0/]/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) < 200)
const nasty = fc.constantFrom(
  `it's`,
  '$(touch pwned)',
  '`touch pwned`',
  '; touch pwned',
  '--rsync',
  '-rf',
  '~',
  '*',
  '\\',
  '"',
  '\n',
)
const name = fc.oneof(
  anyName,
  nasty,
  fc.tuple(nasty, nasty).map(([a, b]) => `a${a}${b}`),
)

describe('the script of runs that PyTorch trains', () => {
  const many = { processes: 8, perNode: 4, device: 'cuda' } as const
  const script = (torch: TorchChoice, more: Partial<SlurmCluster> = {}) =>
    scriptOf({ ...cluster, ...more }, { ...array, runner: { torch, packageFolder: 'torch/x' } })
  const isBash = (text: string) => spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr

  it('asks for a task on each node, and for its GPUs of the kind that the cluster names', () => {
    expect(options(script(many))).toContain('--nodes=2 --ntasks-per-node=1 --cpus-per-task=32')
    expect(options(script(many))).toContain('--gres=gpu:a100:4')
    expect(options(script({ ...many, processes: 2 }, { gres: null }))).toContain('--gres=gpu:2')
    expect(options(script({ ...many, device: 'cpu' }, { gres: null })).join()).not.toContain('gres')
  })
  it('is a script, on one node, on several and by hand, whatever the Python is called', () => {
    for (const python of ['python3', `it's a "folder" $(touch pwned)`])
      for (const torch of [many, { ...many, processes: 2 }]) expect(isBash(script(torch, { python }))).toBe('')
    expect(isBash(handOverScript('My $(study)', ['a', 'b'], many, 'torch/x'))).toBe('')
    expect(() => script(many, { python: '~/venv/bin/python' })).toThrow(/^python: /)
  })
  /** Runs the script where `python` is one that does as a launcher whose run recorded `line`, or has no PyTorch. */
  const ended = (line: string | null) => {
    const place = mkdtempSync(join(tmpdir(), 'isoflop-torch-'))
    mkdirSync(join(place, 'arrays'))
    mkdirSync(join(place, 'runs/r'), { recursive: true })
    writeFileSync(join(place, 'arrays/a1.runs'), 'r\n')
    const launcher =
      line === null
        ? 'exit 1'
        : `case $* in *distributed*) echo ${shellWord(line)} >> runs/r/records.jsonl; exit 1 ;; esac`
    writeFileSync(join(place, 'python'), `#!/bin/sh\n${launcher}\n`, { mode: 0o755 })
    const text = script({ processes: 2, perNode: 2, device: 'cpu' }, { python: join(place, 'python'), prelude: null })
    const env = { ...process.env, SLURM_SUBMIT_DIR: place, SLURM_ARRAY_TASK_ID: '0', SLURM_JOB_ID: '1' }
    const { status, stderr } = spawnSync('bash', [], { input: text, env, encoding: 'utf8' })
    const records = readFileSync(join(place, 'runs/r/records.jsonl'), 'utf8')
    rmSync(place, { recursive: true })
    return { status, stderr, records }
  }
  it('believes what a run recorded, not the launcher that always ends with 1', () => {
    expect(ended('{"kind":"ended","isFinished":true,"step":9}').status).toBe(0)
    expect(ended('{"kind":"ended","isFinished":false,"step":5}').status).toBe(75)
    expect(ended('{"kind":"step"}').status).toBe(1)
  })
  it('says where PyTorch is missing in the records, as one sentence with the remedy', () => {
    const { status, records } = ended(null)
    expect(status).toBe(1)
    expect(JSON.parse(records)).toMatchObject({ kind: 'failed', fault: { code: 'unavailable' } })
    expect(records).toContain('has no PyTorch on the node')
  })
})

describe('the script of an array', () => {
  it('asks Slurm for what the cluster says', () => {
    expect(options(scriptOf(cluster, array))).toEqual([
      '--job-name=isoflop-a1',
      '--array=0-3%2',
      '--nodes=1 --ntasks=1 --cpus-per-task=8',
      '--partition=cpu,long',
      '--account=nais2026-1',
      '--time=8:00:00',
      '--gres=gpu:a100:1',
      '--mem=16G',
      '--constraint=epyc&ib',
      '--requeue --open-mode=append',
      '--signal=B:USR1@120',
      '--output=arrays/a1-%a.log',
    ])
  })
  it.each([
    [null, 120],
    ['2', 30],
    ['1:20', 20],
    ['0:20:00', 120],
    ['1-12', 120],
    ['UNLIMITED', 120],
  ])('asks a run with a limit of %s to save %i seconds before', (time, seconds) => {
    expect(options(scriptOf({ ...cluster, time }, array))).toContain(`--signal=B:USR1@${seconds}`)
  })
  it('is a script that bash understands, whatever the study is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (title) => {
        for (const script of [
          scriptOf(cluster, { ...array, title }),
          checkScript(cluster, 'c1', { root: '/', files: [], id: 'x' }),
        ]) {
          const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
          expect(status, stderr).toBe(0)
        }
        // a title is a comment, and no option
        expect(options(scriptOf(cluster, { ...array, title }))).toHaveLength(12)
      }),
      { numRuns: 20 },
    )
  })
  it('does not take words that would ask for something else', () => {
    const bad = ['cpu --wrap=x', 'cpu\n#SBATCH --uid=0', 'a;b', '$(id)', '-p', 'a b', 'ü']
    for (const word of bad)
      for (const field of ['partition', 'account', 'qos', 'time', 'gres', 'memory', 'constraint'] as const)
        expect(() => scriptOf({ ...cluster, [field]: word }, array), `${field} ${word}`).toThrow(
          `${field}: sbatch takes`,
        )
    for (const ssh of ['-oProxyCommand=id', 'a b', 'a;b', '$(id)'])
      expect(() => scriptOf({ ...cluster, ssh }, array)).toThrow('ssh: name a host')
    expect(() => scriptOf({ ...cluster, prelude: 'true\n#SBATCH --uid=0' }, array)).toThrow('prelude:')
    expect(() => scriptOf({ ...cluster, folder: '~/x' }, array)).toThrow('folder:')
    expect(() => scriptOf({ ...cluster, name: 'by hand' }, array)).toThrow('name:')
  })
})

describe('any name', () => {
  it('is one word of a shell, and itself', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        const script = `printf '%s\\0' ${names.map(shellWord).join(' ')}`
        const { stdout } = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', cwd: folder })
        expect(stdout.split('\0').slice(0, -1)).toEqual(names)
        expect(readdirSync(folder)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
  it('of a folder is where is submitted and asked, and does nothing', () => {
    const bin = mkdtempSync(join(tmpdir(), 'isoflop-bin-'))
    const root = mkdtempSync(join(tmpdir(), 'isoflop-names-'))
    writeFileSync(join(bin, 'sbatch'), '#!/bin/sh\nfor last; do :; done; [ -f "$last" ] && echo "17;cluster"\n', {
      mode: 0o755,
    })
    writeFileSync(join(bin, 'squeue'), "#!/bin/sh\necho '17_0|RUNNING|None|1764213000|n1'\n", { mode: 0o755 })
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
    try {
      fc.assert(
        fc.property(
          name.filter((one) => [...one].every((c) => c >= ' ')),
          (one) => {
            const there = join(root, one)
            mkdirSync(join(there, 'arrays'), { recursive: true })
            mkdirSync(join(there, 'runs/r1'), { recursive: true })
            writeFileSync(join(there, 'arrays/a1.sbatch'), '')
            writeFileSync(join(there, 'runs/r1/records.jsonl'), '{"kind":"ended"}\n')
            const sh = (input: string) => spawnSync('sh', ['-s'], { input, env, cwd: root })
            expect(sh(submitScript(there, 'a1')).stdout.toString()).toBe('17;cluster\n')
            const asked = [{ id: 'r1', job: '17_0', readBytes: 0, log: null }]
            const answer = readAnswer(sh(question(there, asked, 'nonce')).stdout, 'nonce')
            expect(answer?.runs.get('r1')?.records.toString()).toBe('{"kind":"ended"}\n')
            expect(answer?.rows?.get('17_0')).toMatchObject({ state: 'RUNNING', startsMs: 1_764_213_000_000 })
            rmSync(there, { recursive: true })
            expect(readdirSync(root)).toEqual([])
          },
        ),
        { numRuns: 40 },
      )
    } finally {
      rmSync(bin, { recursive: true })
      rmSync(root, { recursive: true })
    }
  })
})
