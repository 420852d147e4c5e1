// The script of a job array: each task trains one run, saves when Slurm wants its node back, and asks for another turn.
import { Fault } from '#shared/fault.ts'
import { oneLine } from '#shared/printable.ts'
import { carried, type SlurmCluster, type TorchChoice } from '#shared/place.ts'
import { shellWord } from '#shared/shell.ts'
import { answerName, jobName, latestName, listName } from './submission.ts'
import { torchResources, torchStart, type TorchStart } from './torch-script.ts'

/** Of a submission: everything that its script says. */
export interface ArrayOf {
  /** Its files lie under this name. */
  id: string
  /** For people. */
  title: string
  runs: number
  atOnce?: number
  /** What starts the runner, from the folder on the cluster; or the processes of PyTorch that train each run. */
  runner: readonly string[] | { torch: TorchChoice; packageFolder: string }
}

/** What `sbatch` takes, by the fields of a cluster that a person fills in. */
const asked = { partition: '', account: '', qos: '', time: '', gres: '', memory: 'mem', constraint: '' } as const
type AskedField = keyof typeof asked

/** Nothing that ends a line of #SBATCH, or means something in it. */
const askable = /^[\w.,:=+@/*&|()[\]-]{1,200}$/

/** Throws where a cluster's words could mean something else to Slurm or a shell than what they say. */
export function checkWords(cluster: SlurmCluster): void {
  for (const field of Object.keys(asked) as AskedField[]) {
    const value = cluster[field]
    if (value !== null && (!askable.test(value) || value.startsWith('-')))
      throw new Fault(
        'bad-input',
        `${field}: sbatch takes letters, digits and .,:=+@/*&|()[]-_ there; it is ${JSON.stringify(value.slice(0, 60))}.`,
      )
  }
  if (!/^[a-z0-9][a-z0-9._-]{0,59}$/i.test(cluster.name) || cluster.name === carried)
    throw new Fault('bad-input', `name: a cluster is called by letters, digits, dots and hyphens, at most 60.`)
  // a colon belongs to an address: before @ it would be a password
  if (cluster.ssh !== null && (!/^[a-z0-9_][\w.@:-]{0,250}$/i.test(cluster.ssh) || /:.*@/.test(cluster.ssh)))
    throw new Fault(
      'bad-input',
      'ssh: name a host of ~/.ssh/config, or user@host; ports and keys belong in that file, passwords nowhere.',
    )
  if ([...cluster.folder].some((c) => c < ' ') || cluster.folder.startsWith('~'))
    throw new Fault('bad-input', 'folder: a path on the cluster, from / or from your home folder there, without ~.')
  if (cluster.python && ([...cluster.python].some((c) => c < ' ') || /^[-~]/.test(cluster.python)))
    throw new Fault('bad-input', 'python: the path of a Python on the nodes, from /, or a command that is on the PATH.')
  if (cluster.prelude !== null && /^\s*#SBATCH/m.test(cluster.prelude))
    throw new Fault('bad-input', 'prelude: what sbatch takes has its own fields; the prelude is for shell lines.')
}

/** Restarts without a new checkpoint, after which a run does not ask for another turn. */
const mostRestarts = 5

/** Seconds before its time limit at which a run is asked to save: a quarter of a short one. */
function warningSeconds(time: string | null): number {
  const seconds = time === null ? null : limitSeconds(time)
  return seconds === null ? 120 : Math.max(10, Math.min(120, Math.floor(seconds / 4)))
}

/** Slurm's forms: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes[:seconds]. */
export function limitSeconds(time: string): number | null {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time)
  if (!match) return null
  const [days, ...parts] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)))
  const [a, b, c] = parts
  if (days !== undefined) return days * 86_400 + a! * 3600 + (b ?? 0) * 60 + (c ?? 0)
  if (c !== undefined) return a! * 3600 + b! * 60 + c
  return a! * 60 + (b ?? 0)
}

/** What every job of a cluster asks for. */
export const resourcesOf = (
  cluster: SlurmCluster,
  tasks = `--nodes=1 --ntasks=1 --cpus-per-task=${cluster.cpus}`,
): string[] => [
  tasks,
  ...(Object.keys(asked) as AskedField[]).flatMap((field) =>
    cluster[field] === null ? [] : [`--${asked[field] || field}=${cluster[field]}`],
  ),
]

/** A person's own shell lines, as they are; a shell that did not log in first learns what `module` is. */
export const preludeOf = ({ prelude }: SlurmCluster): string =>
  prelude
    ? `${/\b(module|ml)\b/.test(prelude) ? 'command -v module >/dev/null || . /etc/profile >/dev/null\n' : ''}${prelude.replace(/\r/g, '').trimEnd()}\n`
    : ''

/** The runner of the lab: one process, which a signal reaches. */
const ownStart = (runner: readonly string[]): TorchStart => ({
  before: `begin() { ${runner.map(shellWord).join(' ')} job "$folder/run.json" & child=$!; }
ask() { kill -TERM "$child" 2>/dev/null; }`,
  after: `if [ -n "$asked" ]; then wait "$child" 2>/dev/null; last=$?; [ "$last" -ne 127 ] && code=$last; fi`,
})

export function scriptOf(cluster: SlurmCluster, array: ArrayOf): string {
  checkWords(cluster)
  const torch = 'torch' in array.runner ? array.runner : null
  const asks = torch && torchResources(cluster, torch.torch)
  const { before, after } = torch
    ? torchStart(cluster, torch.torch, torch.packageFolder)
    : ownStart(array.runner as readonly string[])
  const options = [
    `--job-name=${jobName(array.id)}`,
    `--array=0-${array.runs - 1}${array.atOnce === undefined ? '' : `%${array.atOnce}`}`,
    ...(asks ? resourcesOf({ ...cluster, gres: asks.gres }, asks.tasks) : resourcesOf(cluster)),
    '--requeue --open-mode=append',
    `--signal=B:USR1@${warningSeconds(cluster.time)}`,
    `--output=arrays/${array.id}-%a.log`,
  ]
  return `#!/bin/bash
# ${oneLine(array.title)}: a run for each task of the array. Written by Isoflop; submitted from the folder that holds
# arrays/, runs/ and tokens/.
${options.map((option) => `#SBATCH ${option}`).join('\n')}

cd -- "\${SLURM_SUBMIT_DIR:-.}" || exit 1
unset "\${!SQUEUE_@}" # what a person likes to see of the queue would change what is read here
${preludeOf(cluster)}
run=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellWord(listName(array.id))})
folder=runs/$run
say() { echo "$(date '+%F %T') $run: $*"; }

# Whoever submitted this may never have heard its number, and have submitted the run once more.
answer=${shellWord(answerName(array.id))}
[ -s "$answer" ] || echo "$SLURM_ARRAY_JOB_ID" > "$answer"
if latest=$(cat "${latestName('$folder')}" 2>/dev/null) && [ "$latest" != ${shellWord(array.id)} ]; then
  say "was submitted again as $latest, which trains it"
  exit 0
fi

# A run that is started again and again and never saves has something wrong with it.
newest=$(ls "$folder/checkpoints" 2>/dev/null | sort | tail -n 1)
seen=; count=0
[ -f "$folder/restarts" ] && read -r seen count < "$folder/restarts"
if [ "$seen" = "\${newest:-none}" ]; then count=$((count + 1)); else count=0; fi
echo "\${newest:-none} $count" > "$folder/restarts"
if [ "$count" -gt ${mostRestarts} ]; then
  say "started ${mostRestarts + 1} times without a new checkpoint, so not again"
  exit 1
fi

# USR1 comes before the time limit, TERM with preemption. Both ask for the same: save, and end.
child=; asked=
trap 'asked=1; [ -n "$child" ] && ask' USR1 TERM
say "begins on \${SLURMD_NODENAME:-this node}, restart \${SLURM_RESTART_COUNT:-0}"
${before}
begin
[ -n "$asked" ] && ask
wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done # a signal interrupts the waiting
${after}
say "ended with $code"

# 75: saved, and not finished. A script that ended now would count as done, so it asks for another turn itself.
if [ "$code" -ne 0 ] && { [ "$code" -eq 75 ] || [ -n "$asked" ]; }; then
  case $(cat "$folder/wish" 2>/dev/null) in
    stop) say 'stopped' ;;
    pause) say 'held'; scontrol requeuehold "$SLURM_JOB_ID" && sleep 60 ;;
    *) # not where it was cancelled
      if [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T 2>/dev/null)" = RUNNING ]; then
        scontrol requeue "$SLURM_JOB_ID" && sleep 60
      fi ;;
  esac
fi
exit "$code"
`
}
