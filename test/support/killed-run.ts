// A training through the command line that is killed: of its trainer, its host or both, as a machine may do it.
import { createHash } from 'node:crypto'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunSummary } from '#shared/run.ts'
import { isAlive } from '#main/platform/disk/alive.ts'

export type Victim = 'trainer' | 'host' | 'both'

/** Labs by name within `folder`, each with one run; the environment is asked for at each command. */
export function killable(cli: string, folder: string, environment: () => Record<string, string>) {
  const runsOf = (lab: string): string => join(folder, lab, 'runs')

  function begin(lab: string, args: string[], more: Record<string, string> = {}) {
    const command = [cli, ...args, '--json', '--data', join(folder, lab)]
    let child: ReturnType<typeof execFile>
    const ended = new Promise<{ status: number; runs: RunSummary[] }>((resolve) => {
      const env = { ...process.env, ...environment(), ...more }
      child = execFile(process.execPath, command, { cwd: folder, env }, (error, stdout) =>
        resolve({
          status: error ? 1 : 0,
          runs: stdout ? ((JSON.parse(stdout) as { runs?: RunSummary[] }).runs ?? []) : [],
        }),
      )
    })
    return { pid: child!.pid!, ended }
  }

  /** The pid of the process that trains, which it writes beside its lock; null before it has it. */
  function trainer(lab: string): number | null {
    const [run] = existsSync(runsOf(lab)) ? readdirSync(runsOf(lab)) : []
    const path = run && join(runsOf(lab), run, 'trainer.lock.pid')
    const pid = path && existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
    return pid > 0 && isAlive(pid) ? pid : null
  }

  return {
    begin,
    /** The run as its lab lists it once `command` has ended. */
    finished: async (lab: string, args: string[], more?: Record<string, string>): Promise<RunSummary> => {
      const { status, runs } = await begin(lab, args, more).ended
      return (status === 0 && runs.length > 0 ? runs : (await begin(lab, ['runs']).ended).runs)[0]
    },
    /** Kills so long after the trainer has begun. */
    async cut(lab: string, args: string[], victim: Victim, afterMs: number): Promise<void> {
      const { pid, ended } = begin(lab, args)
      const until = Date.now() + 60_000
      while (trainer(lab) === null && Date.now() < until) await sleep(20)
      await sleep(afterMs)
      const working = trainer(lab)
      if (victim !== 'host' && working !== null) spawnSync('kill', ['-9', String(working)])
      if (victim !== 'trainer') spawnSync('kill', ['-9', String(pid)])
      await ended
    },
    /** SHA-256 of every file of numbers in the last checkpoint. */
    lastWeights(lab: string): string[] {
      const [run] = readdirSync(runsOf(lab))
      const checkpoints = join(runsOf(lab), run, 'checkpoints')
      const last = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!)
      const hash = (name: string) =>
        createHash('sha256')
          .update(readFileSync(join(last, name)))
          .digest('hex')
      const names = readdirSync(last).filter((name) => name.endsWith('.safetensors'))
      return names.sort().map((name) => `${name} ${hash(name)}`)
    },
  }
}
