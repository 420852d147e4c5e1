// `isoflop cluster`: the Slurm clusters that runs can be sent to; added, looked at, checked from the connection to a
// job on a node, followed, forgotten.
import { Option, type Command } from 'commander'
import { machines } from '#shared/cluster/presets.ts'
import { Fault } from '#shared/fault.ts'
import { carried, type ClusterCheck, type SlurmCluster } from '#shared/place.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { parseWhole, table } from './amounts.ts'
import { followRuns } from './follow.ts'
import { readLab, waitFor, withLab } from './lab.ts'
import { usageError, type CommandPart } from './program.ts'
import { runsText } from './runs.ts'

/** What a job asks for, as options; the same wherever a script is written. */
export interface ResourceOptions {
  engine?: 'native' | 'gpu' | 'cuda'
  cpus?: number
  partition?: string
  account?: string
  qos?: string
  time?: string
  gres?: string
  memory?: string
  constraint?: string
  prelude?: string
  isoflop?: string
  python?: string
  gpu?: string
}

export const resourceOptions = (command: Command): Command =>
  command
    .option('--partition <name>', 'the partition; else the cluster’s default')
    .option('--account <name>', 'the account that pays')
    .option('--qos <name>', 'the quality of service')
    .option('--time <limit>', 'the time limit of a job, like 8:00:00; a longer run resumes in the next')
    .option('--gres <list>', 'generic resources, like gpu:1')
    .option('--memory <size>', 'memory of a job, like 16G')
    .option('--constraint <features>', 'only nodes of this kind: the same kind gives the same bits')
    .option('--cpus <count>', 'CPUs of a run, and its threads; 4 unless told otherwise', parseWhole(1, 1024))
    .addOption(
      new Option('--engine <engine>', 'what trains there; cuda where --gres asks for a gpu, else native').choices([
        'native',
        'gpu',
        'cuda',
      ]),
    )
    .option('--prelude <lines>', 'shell lines that make node known there, like "module load nodejs"')
    .option('--isoflop <command>', 'an isoflop that is installed there; else this one is sent')
    .option('--python <path>', 'a Python there that has PyTorch, for runs with --gpus; else python3')
    .addOption(
      new Option('--gpu <machine>', 'what its GPUs are, so that the time of runs with --gpus is predicted').choices(
        machines.flatMap(({ id, kind }) => (kind === 'gpu' ? [id] : [])),
      ),
    )

/** A cluster as the options describe it, over what was known of it. */
export function describedBy(options: ResourceOptions, known: SlurmCluster): SlurmCluster {
  const gres = options.gres ?? known.gres
  const engine =
    options.engine ?? (options.gres === undefined ? known.engine : gres?.includes('gpu') ? 'cuda' : 'native')
  const { partition, account, qos, time, memory, constraint, prelude } = { ...known, ...definedOf(options) }
  const command = options.isoflop ?? known.command
  const [python, card] = [options.python ?? known.python, options.gpu ?? known.card]
  const cpus = options.cpus ?? known.cpus
  return {
    ...{ ...known, engine, cpus, partition, account, qos, time, gres, memory, constraint, prelude, command },
    ...(python ? { python } : {}),
    ...(card ? { card } : {}),
  }
}
const definedOf = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>

export const plainCluster = (name: string, folder: string): SlurmCluster => ({
  ...{ name, ssh: null, folder, engine: 'native', cpus: 4, partition: null, account: null, qos: null, time: null },
  ...{ gres: null, memory: null, constraint: null, prelude: null, command: null },
})

export const clusterCommand: CommandPart = (program, act) => {
  const cluster = program
    .command('cluster')
    .description('Slurm clusters that runs can be sent to')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop cluster add tetralith --ssh tetralith --folder /proj/me/isoflop
  $ isoflop cluster check tetralith
  $ isoflop cluster follow`,
    )
  resourceOptions(
    cluster
      .command('add')
      .argument('<name>', 'what to call it')
      .description('describe a cluster, or change what is known of one')
      .option('--ssh <host>', 'as ssh takes it: a host of ~/.ssh/config or user@host; none on a login node itself')
      .option('--folder <path>', 'a folder there that all nodes see; from your home folder where it begins without /'),
  )
    .addHelpText(
      'after',
      `
ssh, its settings, keys, agent and jump hosts are the system's own. No password is kept.

Examples:
  $ isoflop cluster add tetralith --ssh tetralith --folder /proj/me/isoflop --time 8:00:00 --prelude 'module load nodejs'
  $ isoflop cluster add far --python /home/me/venv/bin/python --gpu a100-80
  $ isoflop cluster add here --ssh none --folder isoflop --partition cpu --cpus 2`,
    )
    .action(
      act((context, options: ResourceOptions & { ssh?: string; folder?: string }, name: string) =>
        withLab(context, async (lab) => {
          const known = (await lab.listSlurmClusters()).find((one) => one.name === name)
          if (!known && (options.ssh === undefined || options.folder === undefined))
            throw usageError('A new cluster needs --ssh HOST (or none) and --folder PATH.')
          const before = known ?? plainCluster(name, options.folder!)
          const made = await lab.saveSlurmCluster({
            ...describedBy(options, before),
            ssh: options.ssh === undefined ? before.ssh : options.ssh === 'none' ? null : options.ssh,
            folder: options.folder ?? before.folder,
          })
          return {
            document: { cluster: made },
            text: `${clustersText([made])}\n\`isoflop cluster check ${name}\` tries it.`,
          }
        }),
      ),
    )
  cluster
    .command('check')
    .argument('<name>', 'the cluster')
    .description('try it: the connection, Slurm, the folder, and a job of ten seconds on a node')
    .action(
      act((context, _: unknown, name: string) =>
        withLab(context, async (lab) => {
          let check: ClusterCheck = await lab.checkSlurmCluster(name)
          const told = new Set<string>()
          const stop = lab.listen('clusterCheck', (news) => {
            if (news.name === check.name) check = news
          })
          try {
            await waitFor(lab, 'clusterCheck', context.signal, async () => {
              for (const { what, state, text } of check.lines) {
                if (state === 'running') context.terminal.progress(`${what}: ${text}`)
                if (state === 'running' || state === 'skipped' || told.has(what)) continue
                told.add(what)
                context.terminal.note(lineText(what, state, text))
              }
              return check.isDone ? true : undefined
            })
          } finally {
            stop()
            if (!check.isDone) await lab.stopClusterCheck(name)
          }
          const isGood = check.lines.every(({ state }) => state === 'good' || state === 'warning')
          const verdict = isGood ? `${name} is ready.` : `${name} cannot be used yet; the line above says what to do.`
          return { document: check, text: verdict, status: isGood ? 0 : 1 }
        }),
      ),
    )
  cluster
    .command('list')
    .description('the clusters that are known')
    .action(
      act((context) =>
        readLab(context, async (lab) => {
          const clusters = await lab.listSlurmClusters()
          return {
            document: { clusters },
            text: clusters.length > 0 ? clustersText(clusters) : 'No cluster yet. `isoflop cluster add` describes one.',
          }
        }),
      ),
    )
  cluster
    .command('remove')
    .argument('<name>', 'the cluster')
    .description('forget a cluster; nothing on it is touched')
    .action(
      act((context, _: unknown, name: string) =>
        withLab(context, async (lab) => {
          await lab.deleteSlurmCluster(name)
          return { document: { removed: name }, text: `${name} is forgotten. Its folder there is left as it is.` }
        }),
      ),
    )
  cluster
    .command('follow')
    .argument('[name]', 'the cluster; else all')
    .description('catch up with the runs on clusters and watch them until they end; Ctrl+C leaves them alone')
    .action(
      act((context, _: unknown, name?: string) =>
        withLab(context, async (lab) => {
          const runs = (await lab.listRuns(null)).filter(
            (run) => isUnderWay(run) && run.place && run.place.name !== carried && (!name || run.place.name === name),
          )
          if (runs.length === 0) throw new Fault('not-found', `No run is under way on ${name ?? 'a cluster'}.`)
          const ended = await followRuns(
            lab,
            runs.map(({ id }) => id),
            context,
          )
          return { document: { runs: ended }, text: runsText(ended) }
        }),
      ),
    )
}

const lineText = (what: string, state: string, text: string): string =>
  `${state === 'good' ? '✓' : state === 'warning' ? '!' : '✗'} ${what.padEnd(14)} ${text}`

const clustersText = (clusters: readonly SlurmCluster[]): string =>
  table(
    ['cluster', 'ssh', 'folder', 'engine', 'CPUs', 'partition', 'time', 'gres'],
    clusters.map(({ name, ssh, folder, engine, cpus, partition, time, gres }) => [
      name,
      ssh ?? 'none',
      folder,
      engine,
      String(cpus),
      partition ?? '',
      time ?? '',
      gres ?? '',
    ]),
  )
