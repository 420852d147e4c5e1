// `isoflop resume`: goes on where a run was paused, stopped or cut off, to the same bits as if it never had been.
import { Option } from 'commander'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { canResume } from '#shared/run.ts'
import { followRuns } from './follow.ts'
import { findRun } from './find.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'
import { runsText } from './runs.ts'

export const resumeCommand: CommandPart = (program, act) => {
  program
    .command('resume')
    .argument(
      '[run]',
      'the run: its id, its name, or `last`; else all that were paused, cut off, or failed for an outer cause',
    )
    .addOption(
      new Option('--engine <engine>', 'resume with another engine, when a graphics card is lost').choices([
        ...engineNames,
      ]),
    )
    .description('resume runs that were paused, stopped or interrupted')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop resume
  $ isoflop resume last --engine native`,
    )
    .action(
      act((context, { engine }: { engine?: EngineName }, wanted?: string) =>
        withLab(context, async (lab) => {
          const all = await lab.listRuns(null)
          const runs =
            wanted === undefined
              ? all
                  .filter((run) => canResume(run) && run.state !== 'cancelled') // stopped on purpose: only by its name
                  .sort((a, b) => a.createdMs - b.createdMs)
              : [await findRun(lab, wanted)]
          const settled = runs.find((run) => !canResume(run))
          if (settled)
            throw new Fault(
              'conflict',
              settled.state === 'failed'
                ? `The run ${settled.name} diverged and would again. Start a new one with a gentler recipe.`
                : `The run ${settled.name} is ${settled.state}, so there is nothing to resume.`,
            )
          if (runs.length === 0)
            throw new Fault('not-found', 'No run is waiting to be resumed. `isoflop runs` lists them.')
          for (const { id } of runs) await lab.resumeRun(id, engine)
          const ended = await followRuns(
            lab,
            runs.map(({ id }) => id),
            context,
          )
          return { document: { runs: ended }, text: runsText(ended) }
        }),
      ),
    )
}
