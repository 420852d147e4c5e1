// `isoflop job`: one run that came as a file, trained where there is no lab; what a batch system starts.
import type { RunRecord, TrainOutcome } from '#main/core/training/records.ts'
import type { CommandPart } from './program.ts'

/** EX_TEMPFAIL: to be started again. */
const unfinishedStatus = 75

export const jobCommand: CommandPart = (program, act) => {
  program
    .command('job')
    .argument('<file>', 'the run.json of a run, as `isoflop submit-files` and `isoflop train --on` write it')
    .description('train one run without a lab, as a batch system does')
    .addHelpText(
      'after',
      `
Records go to records.jsonl beside the file, a line of JSON each, and checkpoints to checkpoints/. Started again it goes
on from the newest checkpoint, to the same bits.

SIGUSR1, SIGTERM and Ctrl+C save and end. Exit status: 0 finished, ${unfinishedStatus} saved and not finished, 1 failed.

Example:
  $ isoflop job runs/1f0c/run.json`,
    )
    .action(
      act(async (context, _: unknown, path: string) => {
        context.askedOnce()
        const { runFileJob } = await import('#main/core/training/run-file-job.ts')
        const { isFinished, step } = await follow(runFileJob(path, context.signal), context.terminal.note)
        return {
          document: { isFinished, step },
          text: isFinished
            ? `Finished at step ${step}.`
            : `Saved at step ${step}, not finished: start it again to go on.`,
          status: isFinished ? 0 : unfinishedStatus,
        }
      }),
    )
}

/** Says on the way what a log should hold: each beginning, and each loss that was validated. */
async function follow(
  records: AsyncGenerator<RunRecord, TrainOutcome>,
  note: (line: string) => void,
): Promise<TrainOutcome> {
  for (;;) {
    const next = await records.next()
    if (next.done) return next.value
    const record = next.value
    if (record.kind === 'started')
      note([`From step ${record.step} on ${record.device}.`, record.message].filter(Boolean).join(' '))
    if (record.kind === 'validation')
      note(`Step ${record.record.step}: validation loss ${record.record.loss.toFixed(4)}.`)
  }
}
