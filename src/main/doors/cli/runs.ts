// `isoflop runs`: what has run and what could go on.
import type { RunSummary } from '#shared/run.ts'
import { flopsText, short, table } from './amounts.ts'
import { findStudy } from './find.ts'
import { readLab } from './lab.ts'
import type { CommandPart } from './program.ts'

export const runsCommand: CommandPart = (program, act) => {
  program
    .command('runs')
    .description('list the runs, newest last')
    .option('--study <study>', 'only those of one study')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop runs --json

A run is queued, running, paused, finished, failed, cancelled or interrupted.`,
    )
    .action(
      act((context, { study }: { study?: string }) =>
        readLab(context, async (lab) => {
          const runs = await lab.listRuns(study === undefined ? null : (await findStudy(lab, study)).id)
          runs.sort((a, b) => a.createdMs - b.createdMs)
          return {
            document: { runs },
            text: runs.length === 0 ? 'There are no runs yet. `isoflop demo` makes some.' : runsText(runs),
          }
        }),
      ),
    )
}

export const runsText = (runs: readonly RunSummary[]): string =>
  table(
    ['run', 'member', 'state', 'step', 'of', 'parameters', 'FLOPs', 'loss', 'validation'],
    runs.map((run) => [
      run.id,
      run.name,
      run.state,
      String(run.step),
      String(run.steps),
      short(run.parameters),
      flopsText(run.flops),
      run.loss?.toFixed(4) ?? '',
      run.validationLoss?.toFixed(4) ?? '',
    ]),
  )
