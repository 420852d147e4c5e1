// A real Slurm on this computer alone: munged, slurmctld and some slurmd on loopback, all below one folder, of any
// user. /etc/slurm and /etc/munge are neither read nor written, and what was started is ended by its process id.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

const path = `${process.env.PATH}:/usr/sbin:/sbin`
const onPath = (name: string): boolean => path.split(':').some((folder) => existsSync(join(folder, name)))

/** What is not installed of what it takes. */
export const missingForSlurm = (): string[] =>
  ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue'].filter((name) => !onPath(name))
export const missingForSsh = (): string[] => ['sshd', 'ssh', 'ssh-keygen', 'rsync'].filter((name) => !onPath(name))

export interface LocalSlurm {
  /** What a process must have in its environment to use it. */
  env: Record<string, string>
  /** One of its commands; what it printed. */
  run(command: string, ...args: string[]): string
  /** As when it loses its power: the daemon and all that it runs, at once. */
  killNode(name: string): void
  startNode(name: string): void
  /** The controller ends and comes back, with another line of its configuration: `MaxJobCount=1`. */
  restart(line?: string): void
  /** Requeued jobs wait for two minutes; called again and again, this lets each begin after a few seconds. */
  hurry(): void
  stop(): void
}

const sleep = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

export async function startSlurm(folder: string, { nodes = 2, cpus = 2 } = {}): Promise<LocalSlurm> {
  for (const name of ['run', 'log', 'state', 'munge', 'spool']) mkdirSync(join(folder, name), { recursive: true })
  for (const one of [folder, join(folder, 'run'), join(folder, 'munge')]) chmodSync(one, 0o755)
  const port = await freePorts(nodes + 1)
  const conf = join(folder, 'slurm.conf')
  writeFileSync(conf, configuration(folder, port, nodes, cpus))
  const env = { ...process.env, PATH: path, SLURM_CONF: conf } as Record<string, string>
  const run = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8', timeout: 30_000 })
    if (error || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
    return stdout
  }
  const until = (what: string, isSo: () => boolean): void => {
    for (let i = 0; i < 300; i++, sleep(100)) if (isSo()) return
    throw new Error(`${what} did not come up; see ${folder}/log`)
  }
  const answers = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { env, stdio: 'ignore', timeout: 10_000 }).status === 0

  const key = join(folder, 'munge/key')
  writeFileSync(key, randomBytes(128), { mode: 0o600 })
  const socket = join(folder, 'munge/socket')
  // a folder below /tmp is world-writable above, which munged otherwise refuses
  run(
    ...(['munged', '--force', `--socket=${socket}`, `--key-file=${key}`] as [string, ...string[]]),
    ...[`--pid-file=${join(folder, 'run/munged.pid')}`, `--log-file=${join(folder, 'log/munged.log')}`],
    `--seed-file=${join(folder, 'munge/seed')}`,
  )
  until('munged', () => answers('munge', '-n', '-S', socket))
  run('slurmctld')
  until('slurmctld', () => answers('scontrol', 'ping'))
  const startNode = (name: string): void => {
    mkdirSync(join(folder, 'spool', name), { recursive: true })
    run('slurmd', '-N', name)
    spawnSync('scontrol', ['update', `NodeName=${name}`, 'State=RESUME'], { env, stdio: 'ignore' })
  }
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`)
  names.forEach(startNode)
  const idle = (): number =>
    new Set(run('sinfo', '-h', '-p', 'cpu', '-N', '-t', 'idle', '-o', '%N').split('\n').filter(Boolean)).size
  until('every node', () => idle() === nodes)
  const waitingSinceMs = new Map<string, number>()

  return {
    env,
    run,
    startNode,
    killNode: (name) => {
      // All stand still before the first is gone, whose keeper would else tell the controller that a job has failed;
      // what one of them had just begun is found when it is looked for again.
      const stopped = new Set<number>()
      for (let isNew = true; isNew;) {
        const found = pidsOf(folder, name).filter((pid) => !stopped.has(pid))
        for (const pid of found.sort((a, b) => a - b)) end(pid, 'SIGSTOP')
        for (const pid of found) stopped.add(pid)
        isNew = found.length > 0
      }
      for (const pid of [...stopped].sort((a, b) => a - b)) end(pid, 'SIGKILL')
      rmSync(join(folder, `run/slurmd-${name}.pid`), { force: true })
    },
    restart: (line = '') => {
      const pidFile = join(folder, 'run/slurmctld.pid')
      const pid = pidIn(pidFile)
      end(pid, 'SIGTERM')
      until('the end of slurmctld', () => !existsSync(`/proc/${pid}`))
      writeFileSync(conf, `${configuration(folder, port, nodes, cpus)}${line}\n`)
      run('slurmctld')
      until('slurmctld', () => answers('scontrol', 'ping'))
    },
    hurry: () => {
      const waiting = run('squeue', '-h', '-r', '-t', 'PD', '-o', '%i').split('\n').filter(Boolean)
      for (const job of waitingSinceMs.keys()) if (!waiting.includes(job)) waitingSinceMs.delete(job)
      for (const job of waiting) {
        if (!waitingSinceMs.has(job)) waitingSinceMs.set(job, Date.now())
        // A node refuses a job begun in the very second in which it took the same job's last permission away.
        if (Date.now() - waitingSinceMs.get(job)! > 3000)
          spawnSync('scontrol', ['update', `JobId=${job}`, 'StartTime=now'], { env, stdio: 'ignore' })
      }
    },
    stop: () => {
      spawnSync('scancel', ['-u', userInfo().username], { env, stdio: 'ignore' })
      for (let i = 0; i < 100 && names.some((name) => pidsOf(folder, name).length > 1); i++) sleep(100)
      for (const name of names) for (const pid of pidsOf(folder, name)) end(pid, 'SIGKILL')
      for (const name of ['slurmctld', 'munged']) {
        const pid = pidIn(join(folder, `run/${name}.pid`))
        if (pid) end(pid, 'SIGTERM')
        for (let i = 0; pid && i < 100 && existsSync(`/proc/${pid}`); i++) sleep(100)
        if (pid) end(pid, 'SIGKILL')
      }
    },
  }
}

const pidIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it was gone already
  }
}

/** A node's daemon, the jobs on it, and what holds those. */
function pidsOf(folder: string, name: string): number[] {
  const daemon = pidIn(join(folder, `run/slurmd-${name}.pid`))
  const found = daemon ? [daemon] : []
  const conf = `SLURM_CONF=${join(folder, 'slurm.conf')}`
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const words = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      if (!words.includes(`SLURMD_NODENAME=${name}`) || !words.includes(conf)) continue
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]
      found.push(Number(pid))
      if (readFileSync(`/proc/${parent}/comm`, 'utf8').trim() === 'slurmstepd') found.push(Number(parent))
    } catch {
      // it ended meanwhile, or is another user's
    }
  }
  return [...new Set(found)]
}

/** The first of so many ports in a row that nobody listens on. */
async function freePorts(count: number): Promise<number> {
  const isFree = (port: number) =>
    new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 20_000)
    const all = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (all.every(Boolean)) return first
  }
}

/** Slurm's own times are minutes; tests cannot wait so long. */
const configuration = (folder: string, port: number, nodes: number, cpus: number): string => `ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${port}
SlurmUser=${userInfo().username}
SlurmdUser=${userInfo().username}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdPidFile=${folder}/run/slurmd-%n.pid
SlurmdLogFile=${folder}/log/slurmd-%n.log
SlurmdSpoolDir=${folder}/spool/%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=10
MinJobAge=300
MessageTimeout=10
TCPTimeout=2
CompleteWait=0
NodeName=n[1-${nodes}] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[${port + 1}-${port + nodes}] CPUs=${cpus} RealMemory=1000 State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=5 OverSubscribe=NO GraceTime=0
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=9 OverSubscribe=NO
PartitionName=spare Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 OverSubscribe=NO PreemptMode=REQUEUE GraceTime=5
`
