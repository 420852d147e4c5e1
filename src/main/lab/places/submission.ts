// A submission can be asked for: its job carries its name, and its tasks write its number down. So an answer of sbatch
// that never came (the controller was too slow, the connection or the lab was lost) makes no second array.
import { shellWord } from '#shared/shell.ts'
import { readJobId } from './queue.ts'

export const scriptName = (arrayId: string): string => `arrays/${arrayId}.sbatch`
/** Which runs it trains, a line for each, in the order of its tasks. */
export const listName = (arrayId: string): string => `arrays/${arrayId}.runs`
/** Where `sbatch` answers to, or else its first task: an array that has a number there was submitted. */
export const answerName = (arrayId: string): string => `arrays/${arrayId}.job`
/** What Slurm calls its job. */
export const jobName = (arrayId: string): string => `isoflop-${arrayId}`
/** Names the submission that trains a run: a task of one before it leaves the run alone. */
export const latestName = (folder: string): string => `${folder}/array`

/** As a person types it, from the folder on the cluster. */
export const submitCommand = (arrayId: string): string => `sbatch ${scriptName(arrayId)}`

/** The number among what sbatch printed: greetings of a site are passed over. */
const theNumber = `grep -xE '[0-9]+(;.*)?' | head -n 1`

/** Fails where Slurm does not say. */
const askSlurm = (arrayId: string): string =>
  `queue=$(squeue -h -r -t all --name=${shellWord(jobName(arrayId))} -o %F) || exit 4
  number=$(echo "$queue" | grep -xE '[0-9]+' | head -n 1)`

/**
 * Submits, and gives the same number again where it was submitted already. `tee` writes the number down even where this
 * shell is ended while sbatch waits for a full queue; an array whose number the disk did not take is cancelled, because
 * nobody would know of it. An sbatch that failed may only not have heard that Slurm took the job.
 */
export const submitScript = (folder: string, arrayId: string): string => `cd -- ${shellWord(folder)} || exit 1
answer=${shellWord(answerName(arrayId))}
number=$(cat "$answer" 2>/dev/null | ${theNumber})
if [ -z "$number" ]; then
  number=$(sbatch --parsable ${shellWord(scriptName(arrayId))} | tee "$answer" | ${theNumber})
  if [ -z "$number" ]; then
  ${askSlurm(arrayId)}
    [ -n "$number" ] || exit 2
    echo "$number" > "$answer"
  fi
  [ -s "$answer" ] || { scancel "\${number%%;*}"; exit 3; }
fi
cat "$answer"
`

/** Prints the number of a submission and then its runs; nothing where there is none, nor a folder for it. */
export const findScript = (
  folder: string,
  arrayId: string,
): string => `if ! cd -- ${shellWord(folder)} 2>/dev/null; then
  ${askSlurm(arrayId)}
  [ -n "$number" ] || exit 0
  echo "Slurm has the job $number, but its folder cannot be reached." >&2; exit 5
fi
number=$(cat ${shellWord(answerName(arrayId))} 2>/dev/null | ${theNumber})
if [ -z "$number" ]; then
  ${askSlurm(arrayId)}
fi
[ -n "$number" ] || exit 0
echo "$number"; cat ${shellWord(listName(arrayId))}
`

/** Slurm's id of each run's task, by run; empty where nothing was found. */
export function readFound(output: string): Map<string, string> {
  const [number, ...runs] = output.trim().split('\n')
  return new Map(number ? runs.map((run, i) => [run, `${readJobId(number)}_${i}`]) : [])
}
