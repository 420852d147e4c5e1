// Whether a cluster can be used, found out step by step: each a line that says what there is, or what is wrong and what
// to do. Ends with a job of ten seconds on a node, which trains as runs will.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { CheckLine, ClusterCheck, SlurmCluster } from '#shared/place.ts'
import { shellWord } from '#shared/shell.ts'
import { asSentence } from '#shared/printable.ts'
import type { News } from '#main/lab/news.ts'
import type { OwnFiles } from '#main/platform/disk/own-files.ts'
import type { LoginNode } from '#main/platform/processes/login-node.ts'
import { checkScript, readCheck, readTorch } from './check-script.ts'
import { choosePartition, readPartitions, sinfoCommand } from './partitions.ts'
import { isOnNodes, isWaiting, queueFormat, readJobId, readQueue } from './queue.ts'
import { whyRefused } from './refusals.ts'
import { checkWords } from './script.ts'
import { waitsInVain, whyWaiting } from './waiting.ts'

export interface ClusterChecksDeps {
  news: Pick<News, 'tell'>
  newId: () => string
  nodeOf: (ssh: string | null) => LoginNode
  own: () => OwnFiles
  /** How often the job of the check is looked for, and how long it may wait for a node. */
  pollMs?: number
  patienceMs?: number
}

export interface ClusterChecks {
  /** Returns at once; news says how it goes. One at a time for each cluster: a new one stops the one before. */
  start(cluster: SlurmCluster): ClusterCheck
  stop(name: string): void
  close(): Promise<void>
}

const steps = [
  'Connection',
  'Slurm',
  'Partition',
  'Folder',
  'Isoflop',
  'Job on a node',
  'Node.js',
  'Engine',
  'PyTorch',
] as const
type Step = (typeof steps)[number]

export function createClusterChecks(deps: ClusterChecksDeps): ClusterChecks {
  const { news, newId, pollMs = 5000, patienceMs = 120_000 } = deps
  const going = new Map<string, { stop: AbortController; done: Promise<void> }>()

  const start = (cluster: SlurmCluster): ClusterCheck => {
    going.get(cluster.name)?.stop.abort()
    const stop = new AbortController()
    let check: ClusterCheck = {
      name: cluster.name,
      isDone: false,
      lines: steps
        .filter((what) => what !== 'PyTorch' || cluster.python)
        .map((what) => ({ what, state: 'skipped', text: '' })),
    }
    const change = (changes: Partial<ClusterCheck>): void => {
      check = { ...check, ...changes }
      if (going.get(cluster.name)?.stop === stop) news.tell('clusterCheck', check)
    }
    const say = (what: Step, state: CheckLine['state'], text: string): void =>
      change({ lines: check.lines.map((line) => (line.what === what ? { what, state, text } : line)) })
    const done = Promise.resolve()
      .then(() => run(cluster, stop.signal, say))
      .catch((error: unknown) => {
        const at = check.lines.find(({ state }) => state === 'running')?.what as Step | undefined
        say(at ?? 'Connection', 'bad', toFaultData(error).message)
      })
      .then(() => change({ isDone: true }))
    going.set(cluster.name, { stop, done })
    return check
  }

  async function run(
    cluster: SlurmCluster,
    signal: AbortSignal,
    say: (what: Step, state: CheckLine['state'], text: string) => void,
  ): Promise<void> {
    checkWords(cluster)
    const node = deps.nodeOf(cluster.ssh)
    const { folder } = cluster
    /** What a script prints; a Fault with the last line of what it complains of. */
    const ask = async (script: string, remedy: string): Promise<string> => {
      const { status, output, errors } = await node.run(script, { signal })
      if (status === 0) return output.toString().trim()
      const said = errors.trim().split('\n').at(-1) || `It ended with ${status}`
      throw new Fault('failed', `${asSentence(said)} ${remedy}`.trim())
    }

    say('Connection', 'running', cluster.ssh === null ? 'This computer.' : `ssh ${cluster.ssh}`)
    const host = await ask('uname -nsm', 'A POSIX shell is needed on the login node.')
    say('Connection', 'good', host)

    say('Slurm', 'running', 'Looking for its commands.')
    const version = await ask(
      'command -v squeue scontrol scancel sinfo >/dev/null && sbatch --version',
      'Slurm’s commands must be found without a login shell: put them on the PATH in ~/.bashrc of that computer.',
    )
    const [, year, month] = /(\d+)\.(\d+)/.exec(version) ?? []
    const isOld = Number(year) < 20 || (Number(year) === 20 && Number(month) < 11)
    say('Slurm', isOld ? 'warning' : 'good', isOld ? `${version}: tried from 20.11 on` : version)

    say('Partition', 'running', 'Asking for them.')
    const partition = choosePartition(
      readPartitions(await ask(sinfoCommand, 'Slurm’s controller does not answer.')),
      cluster,
    )
    say('Partition', 'good', partition)

    say('Folder', 'running', folder)
    const free = await ask(
      `mkdir -p -- ${shellWord(`${folder}/check`)} && cd -- ${shellWord(folder)} && : > check/writable && rm check/writable && df -Pk . | tail -n 1`,
      'Name a folder in which you may write, on a disk that the nodes see.',
    )
    const freeBytes = Number(free.split(/\s+/)[3]) * 1024
    const isScarce = freeBytes < 1e9
    say('Folder', isScarce ? 'warning' : 'good', `${folder}, ${(freeBytes / 1e9).toFixed(1)} GB free on its disk`)

    say('Isoflop', 'running', 'Sending it.')
    const own = cluster.command === null ? deps.own() : null
    if (own) {
      const there = `${folder}/runner/${own.id}`
      await ask(`mkdir -p -- ${shellWord(there)}`, '')
      await node.put(own.root, there, { files: own.files, signal })
    }
    say('Isoflop', 'good', own ? `sent, ${own.id}` : `${cluster.command}, as it is there`)

    say('Job on a node', 'running', 'Submitting.')
    const id = newId()
    const text = checkScript(cluster, id, own)
    const sent = await node.run(
      `cd -- ${shellWord(folder)} && cat > check/${id}.sbatch <<'ISOFLOP-END'\n${text}ISOFLOP-END\nsbatch --parsable check/${id}.sbatch`,
      { signal },
    )
    if (sent.status !== 0) throw new Fault('failed', whyRefused(cluster.name, sent.errors, 'check again'))
    const job = readJobId(sent.output.toString())
    let busy: string | null = null
    try {
      busy = await waitForJob(job, ask, signal, (words) => say('Job on a node', 'running', words))
    } finally {
      if (!signal.aborted) await node.run(`scancel ${job} 2>/dev/null`, { signal }).catch(() => undefined)
    }
    if (busy !== null) {
      await ask(`rm -f -- ${shellWord(`${folder}/check/${id}.sbatch`)}`, '')
      say('Job on a node', 'warning', busy)
      return
    }
    const found = await ask(
      `cd -- ${shellWord(folder)} && cat check/${id}.out 2>/dev/null; rm -f check/${id}.*`,
      'The folder is not on a disk that the nodes share.',
    )
    const report = readCheck(found, cluster.engine)
    if (report.node === null)
      throw new Fault(
        'failed',
        `The job left nothing in ${folder}: it must lie on a disk that all nodes see. ${found.slice(-200)}`,
      )
    say('Job on a node', 'good', `ran on ${report.node}`)
    say('Node.js', ...report.nodeJs)
    if (report.nodeJs[0] !== 'bad') say('Engine', ...report.engine)
    const wantsGpu = Boolean(cluster.card ?? cluster.gres?.includes('gpu'))
    if (cluster.python) say('PyTorch', ...readTorch(found, cluster.python, wantsGpu))
  }

  /**
   * Resolves when the job has ended, or with what to say of it where others keep the nodes for long: runs would wait,
   * too, which is no fault. A Fault where it would wait for ever.
   */
  async function waitForJob(
    job: string,
    ask: (script: string, remedy: string) => Promise<string>,
    signal: AbortSignal,
    say: (words: string) => void,
  ): Promise<string | null> {
    for (let waitedMs = 0; ; waitedMs += pollMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, 1000 + waitedMs)))
      if (signal.aborted) throw new Fault('cancelled', 'Stopped.')
      const text = await ask(`squeue -h -t all -j ${job} -o ${shellWord(queueFormat)} 2>&1 || true`, '')
      const row = readQueue(text).get(job)
      if (!row || !(isWaiting(row.state) || isOnNodes(row.state))) return null
      const why = whyWaiting(row.reason) || row.state
      if (isWaiting(row.state) && waitsInVain(row.reason)) throw new Fault('bad-input', `It waits in vain: ${why}.`)
      say(isWaiting(row.state) ? `Waiting for a node: ${why}.` : `Running on ${row.nodes}.`)
      if (waitedMs > patienceMs)
        return `No node for ${Math.round(patienceMs / 1000)} seconds, so none was tried: ${why}. Runs wait like that, too, and begin when it is their turn; check again when the queue is shorter.`
    }
  }

  return {
    start,
    stop: (name) => going.get(name)?.stop.abort(),
    close: async () => {
      for (const { stop } of going.values()) stop.abort()
      await Promise.allSettled([...going.values()].map(({ done }) => done))
    },
  }
}
