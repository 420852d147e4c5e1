// How a task ended that did not finish: by what Slurm says, and where it has forgotten the task or says no more than
// FAILED, by the last lines of its log.

/** The same whether Slurm says it or the log. */
const words = {
  memory: 'It was killed for memory. Give the cluster more with --memory, then resume it.',
  time: 'Its time was over before it had saved. Give it more with --time, then resume it.',
  node: 'Its node died and Slurm did not give it another. Resume it.',
  cancelled: 'It was cancelled on the cluster. Resume it, or stop it here.',
  preempted: 'Its node was wanted for another job, and Slurm did not put it back. Resume it.',
  deadline: 'It could not end before its deadline. Resume it.',
}

const byState: Record<string, string> = {
  OUT_OF_MEMORY: words.memory,
  TIMEOUT: words.time,
  NODE_FAIL: words.node,
  BOOT_FAIL: words.node,
  LAUNCH_FAILED: words.node,
  RECONFIG_FAIL: words.node,
  CANCELLED: words.cancelled,
  PREEMPTED: words.preempted,
  DEADLINE: words.deadline,
}

/** As Lmod, Environment Modules and a shell that has neither say it. */
export const missingModule =
  /unable to locate a modulefile|module\(s\) are unknown|module\(s\) exist but cannot be loaded|modulefile .* not found|\bmodule: (command )?not found/i
/** As the loader says it of a program or a library that was made for a newer system. */
export const oldLibrary = /GLIBC(XX)?_[\d.]+['’]? not found/

/** The first that the log holds is what happened; what follows from another stands behind it. */
const byLog: readonly [sign: RegExp, words: string][] = [
  [/oom.?kill|out of memory|exceeded memory limit|ended with 137$/im, words.memory],
  [
    /ENOSPC|EDQUOT|no space left|disk is full|quota exceeded/i,
    'The disk there is full, or its quota used up. Free some of it, then resume it.',
  ],
  [
    /without a new checkpoint, so not again/,
    'It was started again and again and never saved. See its log, mend that, then resume it.',
  ],
  [
    oldLibrary,
    'The C library of its node is older than what was sent. Run `isoflop cluster check`, which compiles it there, or load a newer one in the prelude; then resume it.',
  ],
  [
    missingModule,
    'A module of the prelude is not there. Name one that `module avail` lists with --prelude, then resume it.',
  ],
  [
    /\bnode: (command )?not found|\bnode: No such file|ended with 127$/m,
    'Node.js is not found on its node. Name what brings it with --prelude, then resume it.',
  ],
  [/DUE TO TIME LIMIT/, words.time],
  [/DUE TO PREEMPTION/, words.preempted],
  [/DUE TO NODE FAILURE/, words.node],
  [/^slurmstepd.* CANCELLED AT (?!.*DUE TO JOB REQUEUE)/m, words.cancelled],
]

/** As a sentence that says what to do; `log`: the last lines of its log, `state`: null where Slurm has forgotten it. */
export function howItEnded(state: string | null, log = ''): string {
  const said = byState[state ?? ''] ?? byLog.find(([sign]) => sign.test(log))?.[1]
  if (said) return said
  return state === null
    ? 'It is not in the queue any more and did not finish. Resume it.'
    : `Slurm ended it (${state}). Resume it when what its log says is mended.`
}
