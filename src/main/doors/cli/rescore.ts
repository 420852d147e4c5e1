// `isoflop rescore`: runs of older labs, scored on the whole validation split by their last checkpoints.
import { Fault } from '#shared/fault.ts'
import { canRescore } from '#shared/run.ts'
import { findStudy } from './find.ts'
import { followRuns } from './follow.ts'
import { withLab } from './lab.ts'
import type { CommandPart } from './program.ts'
import { runsText } from './runs.ts'

export const rescoreCommand: CommandPart = (program, act) => {
  program
    .command('rescore')
    .argument('[study]', 'the runs of this study: its id or its name; else those of all')
    .description('score finished runs on the whole validation split, where an older lab scored the first part of it')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop rescore "First light"

Laws use the loss over the whole split; runs of this version are scored so when they finish.`,
    )
    .action(
      act((context, _options: object, wanted?: string) =>
        withLab(context, async (lab) => {
          const all = await lab.listRuns(wanted === undefined ? null : (await findStudy(lab, wanted)).id)
          const runs = all.filter(canRescore)
          if (runs.length === 0)
            throw new Fault(
              'not-found',
              'Every finished run with a checkpoint is scored on the whole validation split.',
            )
          const queued = await lab.rescoreRuns(runs.map(({ id }) => id))
          const ended = await followRuns(
            lab,
            queued.map(({ id }) => id),
            context,
          )
          return { document: { runs: ended }, text: runsText(ended) }
        }),
      ),
    )
}
