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
