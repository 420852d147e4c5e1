// What Slurm is told about one run of an array, as scripts from the cluster's folder.
import { shellWord } from '#shared/shell.ts'

/** Its state in `$state`, empty where Slurm has forgotten it; fails where Slurm does not say. */
const askState = (job: string): string => `state=$(squeue -h -r -j ${job} -o %T 2>/dev/null) ||
  state=$(squeue -h -r -j ${job} -o %T 2>&1) ||
  case $state in *'nvalid job id'*) state= ;; *) echo "$state" >&2; exit 4 ;; esac`

const wishOf = (id: string): string => shellWord(`runs/${id}/wish`)

/** What a run was wished, and how often it began without saving: both are forgotten when it is sent or let go on. */
export const forgetScript = (id: string): string => `rm -f ${wishOf(id)} ${shellWord(`runs/${id}/restarts`)}`

/** Lets a job go on that Slurm still has, and then says `there`. */
export const releaseScript = (id: string, job: string): string => `${forgetScript(id)}
${askState(job)}
case $state in
  PENDING | REQUEUE_HOLD | SPECIAL_EXIT) scontrol release ${job} && echo there ;;
  RUNNING | SUSPENDED | CONFIGURING) echo there ;;
esac`

/** Writes what is wished where the script of the run looks, then lets Slurm say it; prints gone, held or asked. */
export function wishScript(id: string, wish: 'pause' | 'stop', job: string): string {
  const cancel = `scancel ${job} && echo asked`
  const pause = `scancel --signal=TERM --batch ${job} && echo asked`
  // A signal to a job that waits is held against its start by some versions: it is held instead.
  return `echo ${wish} > ${wishOf(id)}
${askState(job)}
case $state in
  '') echo gone ;;
  PENDING | CONFIGURING) ${wish === 'stop' ? cancel : `scontrol hold ${job} && echo held`} ;;
  *) ${wish === 'stop' ? cancel : pause} ;;
esac`
}
