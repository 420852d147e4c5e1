// What Slurm's commands print, as text: the same from 20.11 to 25, which their JSON is not.
import { Fault } from '#shared/fault.ts'

/** A task in the queue, or one that has left it a moment ago. */
export interface QueueRow {
  /** 123_4 */
  job: string
  /** RUNNING, PENDING, NODE_FAIL, … */
  state: string
  /** Slurm's word, empty for none. */
  reason: string
  startsMs: number | null
  nodes: string
}

/** Rows of `squeue -o` in this form, by job. Lines that are none are passed over: sites print greetings. */
export const queueFormat = '%i|%T|%r|%S|%N'

export function readQueue(text: string): Map<string, QueueRow> {
  const rows = new Map<string, QueueRow>()
  for (const line of text.split('\n')) {
    const [job, state, reason, starts, nodes] = line.trim().split('|')
    if (nodes === undefined || !/^\d+(_\d+)?$/.test(job) || !/^[A-Z_]+$/.test(state)) continue
    rows.set(job, { job, state, reason: orEmpty(reason), startsMs: timeMs(starts), nodes: orEmpty(nodes) })
  }
  return rows
}

/** What squeue prints for nothing, by version. */
const orEmpty = (word: string): string => (/^(None|\(null\)|N\/A)$/.test(word) ? '' : word)

/** Seconds since 1970, as SLURM_TIME_FORMAT=%s asks for, or the cluster's own form, taken for this computer's time. */
function timeMs(text: string): number | null {
  if (/^\d{9,}$/.test(text)) return Number(text) * 1000
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(parsed) ? null : parsed
}

/** `sbatch --parsable`: the number, and with several clusters `;` and the name of one. */
export function readJobId(text: string): string {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => /^\d+(;[\w.-]+)?$/.test(one))
  if (!line) throw new Fault('failed', `sbatch gave no job number but: ${text.trim().slice(0, 200) || 'nothing'}.`)
  return line.split(';')[0]
}

/** Waits for its turn, or for its nodes. */
export const isWaiting = (state: string): boolean => waiting.has(state)
const waiting = new Set(
  'PENDING CONFIGURING REQUEUED REQUEUE_FED REQUEUE_HOLD RESV_DEL_HOLD SPECIAL_EXIT POWER_UP_NODE EXPEDITING'.split(
    ' ',
  ),
)
export const isOnNodes = (state: string): boolean => onNodes.has(state)
const onNodes = new Set('RUNNING COMPLETING SUSPENDED STOPPED STAGE_OUT SIGNALING RESIZING UPDATE_DB'.split(' '))

/** Why a task waits, for people; Slurm's own word stands beside it. */
export function whyWaiting(reason: string): string {
  const known: Record<string, string> = {
    Priority: 'others are before it',
    Resources: 'no node is free',
    BeginTime: 'it was given back and begins again in two minutes',
    JobArrayTaskLimit: 'as many as were asked for train at once',
    JobHeldUser: 'it is held',
    JobHeldAdmin: 'an administrator holds it',
    Dependency: 'it waits for another job',
    Reservation: 'it waits for a reservation',
    Licenses: 'its licences are taken',
    NodeDown: 'the node it needs is down',
    BadConstraints: 'no node is as asked for: change --constraint, --gres or --memory',
    InvalidAccount: 'the account does not exist: change --account',
    InvalidQOS: 'the quality of service does not exist: change --qos',
    MaxMemPerLimit: 'no job may have so much memory: lower --memory',
    AssocGrpCPUMinutesLimit: 'the account has used up its hours',
    AssocGrpBillingMinutes: 'the account has used up its hours',
    QOSGrpCPUMinutesLimit: 'the account has used up its hours',
    JobHoldMaxRequeue: 'it was started too often without success and is held; see its log, then resume it',
    QOSMaxJobsPerUserLimit: 'you have as many jobs as you may',
    AssocMaxJobsLimit: 'the account has as many jobs as it may',
    AssocGrpCpuLimit: 'the account has as many CPUs as it may',
    PartitionDown: 'the partition is closed',
    PartitionInactive: 'the partition is closed',
    PartitionTimeLimit: 'the partition does not give so much time: lower --time',
    PartitionNodeLimit: 'the partition does not give so much: lower --cpus, or name another partition',
    ReqNodeNotAvail: 'the nodes it needs are down or reserved',
    launch_failed_requeued_held: 'it could not be started and is held; see its log, then resume it',
  }
  const word = /^\w+/.exec(reason)?.[0] ?? ''
  if (!word) return ''
  return known[word] ? `${known[word]} (${word})` : reason
}

const killedForMemory = 'It was killed for memory. Give the cluster more with --memory, then resume it.'

/** How a task ended that did not finish, as a sentence that says what to do; `log`: the last lines of its log. */
export function howItEnded(state: string | null, log = ''): string {
  switch (state ?? '') {
    case 'OUT_OF_MEMORY':
      return killedForMemory
    case 'TIMEOUT':
      return 'Its time was over before it had saved. Give it more with --time, then resume it.'
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
    case 'LAUNCH_FAILED':
    case 'RECONFIG_FAIL':
      return 'Its node died and Slurm did not give it another. Resume it.'
    case 'CANCELLED':
      return 'It was cancelled on the cluster. Resume it, or stop it here.'
    case 'PREEMPTED':
      return 'Its node was wanted for another job, and Slurm did not put it back. Resume it.'
    case 'DEADLINE':
      return 'It could not end before its deadline. Resume it.'
  }
  // FAILED is all that Slurm says where it does not watch memory or disks itself.
  if (/oom.?kill|out of memory|exceeded memory limit|ended with 137$/im.test(log)) return killedForMemory
  if (/ENOSPC|EDQUOT|no space left|disk is full|quota exceeded/i.test(log))
    return 'The disk there is full, or its quota used up. Free some of it, then resume it.'
  if (/without a new checkpoint, so not again/.test(log))
    return 'It was started again and again and never saved. See its log, mend that, then resume it.'
  return state === null
    ? 'It is not in the queue any more and did not finish. Resume it.'
    : `Slurm ended it (${state}). Resume it when what its log says is mended.`
}
