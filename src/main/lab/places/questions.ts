// What the lab asks a login node in one go: the queue, and what each run has recorded since the last time. A script for
// a POSIX shell out, its output in.
import { shellWord } from '#shared/shell.ts'
import { queueFormat, readQueue, type QueueRow } from './queue.ts'

/** Longest piece of one run's records in an answer. */
const mostBytes = 32 << 20
/** Lines of a log that are quoted. */
const logLines = 5

export interface AskedRun {
  id: string
  job: string
  /** Of its records are here. */
  readBytes: number
  /** Where its log lies, when that is wanted. */
  log: string | null
}

export interface Answer {
  /** null: squeue itself failed, and its words are `trouble`. */
  rows: Map<string, QueueRow> | null
  trouble: string
  runs: Map<string, { records: Buffer; isShorter: boolean; hasSaved: boolean; log: string }>
}

/** `nonce` divides the answer: no record holds it. */
export function question(folder: string, runs: readonly AskedRun[], nonce: string): string {
  const jobs = [...new Set(runs.map(({ job }) => job.split('_')[0]))]
  return `cd -- ${shellWord(folder)} || exit 1
part() { printf '\\n%s %s\\n' ${nonce} "$*"; }
run() {
  file="runs/$1/records.jsonl"; size=0
  [ -f "$file" ] && size=$(($(wc -c < "$file")))
  ls "runs/$1/checkpoints" 2>/dev/null | grep -q '^step-' && part "saved $1"
  if [ "$size" -lt "$2" ]; then part "shorter $1"; return; fi
  part "records $1"
  [ "$size" -gt "$2" ] && tail -c "+$(($2 + 1))" "$file" | head -c ${mostBytes}
  if [ -n "$3" ]; then part "log $1"; tail -n ${logLines} "$3" 2>/dev/null; fi
}
part queue
SLURM_TIME_FORMAT=%s squeue -h -r -t all -j ${jobs.join(',')} -o ${shellWord(queueFormat)} 2>&1
part "status $?"
${runs.map(({ id, readBytes, log }) => `run ${shellWord(id)} ${readBytes} ${log === null ? "''" : shellWord(log)}`).join('\n')}
part end
exit 0
`
}

/** null where the answer was cut off: nothing of it is used. */
export function readAnswer(output: Buffer, nonce: string): Answer | null {
  const mark = Buffer.from(`\n${nonce} `)
  const answer: Answer = { rows: null, trouble: '', runs: new Map() }
  let queue = ''
  let isWhole = false
  for (let at = output.indexOf(mark); at >= 0;) {
    const lineEnd = output.indexOf(10, at + mark.length)
    if (lineEnd < 0) break
    const next = output.indexOf(mark, lineEnd)
    const [kind, id = ''] = output.toString('utf8', at + mark.length, lineEnd).split(' ')
    const content = output.subarray(lineEnd + 1, next < 0 ? output.length : Math.max(next, lineEnd + 1))
    const run = { records: Buffer.alloc(0), isShorter: false, hasSaved: false, log: '', ...answer.runs.get(id) }
    if (kind === 'queue') queue = content.toString()
    if (kind === 'status') {
      // a job that Slurm has forgotten is an answer, too
      if (id === '0' || /Invalid job id/i.test(queue)) answer.rows = readQueue(queue)
      else answer.trouble = queue.trim().split('\n').at(-1) ?? ''
    }
    if (kind === 'records') answer.runs.set(id, { ...run, records: content })
    if (kind === 'shorter') answer.runs.set(id, { ...run, isShorter: true })
    if (kind === 'saved') answer.runs.set(id, { ...run, hasSaved: true })
    if (kind === 'log') answer.runs.set(id, { ...run, log: content.toString().trim() })
    if (kind === 'end') isWhole = true
    at = next
  }
  return isWhole ? answer : null
}
