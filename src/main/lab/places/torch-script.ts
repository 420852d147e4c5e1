// How PyTorch's own launcher starts a run, in the shell of a batch system or of a person: one process for each GPU, on
// one node or several; asked to save as any run is, and believed by what it has recorded.
import type { SlurmCluster, TorchChoice } from '#shared/place.ts'
import { shellWord } from '#shared/shell.ts'

const nodesOf = ({ processes, perNode }: TorchChoice): number => Math.ceil(processes / perNode)
const onNode = ({ processes, perNode }: TorchChoice): number => Math.min(processes, perNode)

/** `gpu:a100:1` for so many: the kind that a person named stays. */
const gresOf = (gres: string | null, count: number): string => {
  const kind = /(?:^|,)gpu:([a-z][\w-]*)/i.exec(gres ?? '')?.[1]
  return `gpu:${kind ? `${kind}:` : ''}${count}`
}

/** What every job of such runs asks for, besides what the cluster always asks for. */
export function torchResources(cluster: SlurmCluster, torch: TorchChoice): { tasks: string; gres: string | null } {
  return {
    tasks: `--nodes=${nodesOf(torch)} --ntasks-per-node=1 --cpus-per-task=${cluster.cpus * onNode(torch)}`,
    gres: torch.device === 'cuda' ? gresOf(cluster.gres, onNode(torch)) : cluster.gres,
  }
}

const noTorch = (python: string): string =>
  `${python} has no PyTorch on the node. Name a Python that has with \`isoflop cluster add NAME --python PATH\`, or load it in the prelude, then resume the run.`
const noGpu = (count: number): string =>
  `PyTorch does not see ${count === 1 ? 'a GPU' : `${count} GPUs`} on the node. Name the GPUs with --gres, and a PyTorch made for CUDA with --python, then resume the run.`

const failed = (message: string): string =>
  shellWord(JSON.stringify({ kind: 'failed', fault: { code: 'unavailable', message } }))

export interface TorchStart {
  /** Defines `begin`, which starts the training in the background as $child, and `ask`, which asks it to save. */
  before: string
  /** Sets $code to how it ended. */
  after: string
}

/** The records of a run say how it ended: a launcher ends with 1 whatever its processes end with. */
const outcome = `grown() { [ -f "$records" ] && [ "$(wc -c < "$records")" -gt "$before" ]; }
if grown; then
  case $(tail -n 1 "$records" | tr -d ' ') in
    *'"kind":"ended"'*'"isFinished":true'*) code=0 ;;
    *'"kind":"ended"'*) code=75 ;;
    *) [ "$code" -eq 0 ] && code=1 ;;
  esac
elif [ "$code" -eq 0 ]; then code=1; fi`

/** In a script that knows $folder, the run's. `packageFolder` holds isoflop_torch. */
export function torchStart(cluster: SlurmCluster, torch: TorchChoice, packageFolder: string): TorchStart {
  const python = shellWord(cluster.python ?? 'python3')
  const [nodes, each] = [nodesOf(torch), onNode(torch)]
  const sees = torch.device === 'cuda' ? `torch.cuda.device_count() >= ${each}` : 'True'
  const run = `-m isoflop_torch "$folder/run.json"`
  const launch =
    nodes === 1
      ? `exec ${python} -m torch.distributed.run --standalone --nproc-per-node=${each} ${run}`
      : `exec srun -K --nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --cpus-per-task=${cluster.cpus * each} \\
    bash -c 'trap "" USR1; exec "$@"' isoflop \\
    ${python} -m torch.distributed.run --nnodes=${nodes} --nproc-per-node=${each} --rdzv-backend=c10d \\
    --rdzv-id="$SLURM_JOB_ID" --rdzv-endpoint="$head:$((20000 + SLURM_JOB_ID % 20000))" ${run}`
  const ask = nodes === 1 ? 'pkill -USR1 -P "$child"' : 'scancel --signal=USR1 "$SLURM_JOB_ID"'
  return {
    before: `records=$folder/records.jsonl
before=0
[ -f "$records" ] && before=$(wc -c < "$records")
export PYTHONPATH="$PWD"/${shellWord(packageFolder)}\${PYTHONPATH:+:$PYTHONPATH} OMP_NUM_THREADS=${cluster.cpus}
fail() { say "$1"; [ -n "$(tail -c 1 "$records" 2>/dev/null)" ] && echo >> "$records"; echo "$1" >> "$records"; exit 1; }
${python} -c 'import torch' || fail ${failed(noTorch(cluster.python ?? 'python3'))}
${python} -c 'import sys, torch; sys.exit(not (${sees}))' || fail ${failed(noGpu(each))}
${nodes === 1 ? '' : `head=\${MASTER_ADDR:-$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)}\n`}# The launcher itself must outlive what its processes are asked: it ignores the signal, and they take it.
launch() {
  trap '' USR1
  ${launch}
}
begin() { launch & child=$!; }
# Asked again and again: a process that still starts does not hear it.
ask() { while kill -0 "$child" 2>/dev/null; do ${ask} 2>/dev/null; sleep ${nodes === 1 ? 2 : 10}; done & }`,
    after: outcome,
  }
}

/** A script for those who start the runs themselves, from the folder that it lies in. */
export function handOverScript(
  title: string,
  runs: readonly string[],
  torch: TorchChoice,
  packageFolder: string,
): string {
  return `#!/bin/bash
# ${title}: trained by PyTorch, one run after the other. Written by Isoflop.
#
#   PROCESSES=8 bash train.sh                 one process for each of 8 GPUs; Gloo where there is no GPU
#   PYTHON=~/venv/bin/python bash train.sh    a Python that has PyTorch
#   NODES=2 NODE_RANK=0 MASTER_ADDR=host bash train.sh    on every node, each with its own rank
#   bash train.sh ID…                         only these of the runs in runs/
#
# Ctrl+C, SIGUSR1 and SIGTERM save and end. Started again it goes on from the newest checkpoints. Then bring the folder
# back, and \`isoflop take\` it.
cd -- "$(dirname -- "$0")" || exit 1
python=\${PYTHON:-python3}
each=\${PROCESSES:-${torch.processes}}
nodes=\${NODES:-1}
export PYTHONPATH="$PWD"/${shellWord(packageFolder)}\${PYTHONPATH:+:$PYTHONPATH}
if ! "$python" -c 'import torch'; then
  echo "$python has no PyTorch: install it there, or name a Python that has with PYTHON=…" >&2
  exit 1
fi
if [ "$nodes" -eq 1 ]; then where=(--standalone)
else where=(--nnodes="$nodes" --node-rank="\${NODE_RANK:?}" --master-addr="\${MASTER_ADDR:?}" --master-port="\${MASTER_PORT:-29500}")
fi
[ $# -gt 0 ] || set -- ${runs.join(' ')}
child=; asked=
ask() { while kill -0 "$child" 2>/dev/null; do pkill -USR1 -P "$child" 2>/dev/null; sleep 2; done & }
trap 'asked=1; [ -n "$child" ] && ask' INT TERM USR1
launch() {
  trap '' USR1 INT
  exec "$python" -m torch.distributed.run "\${where[@]}" --nproc-per-node="$each" -m isoflop_torch "$folder/run.json"
}
for run in "$@"; do
  folder=runs/$run
  records=$folder/records.jsonl
  before=0
  [ -f "$records" ] && before=$(wc -c < "$records")
  launch & child=$!
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done # a signal interrupts the waiting
${outcome.replace(/^/gm, '  ')}
  echo "$run: ended with $code"
  [ "$code" -eq 0 ] || exit "$code"
done
`
}
