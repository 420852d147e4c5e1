// `isoflop report`: a study as one HTML file for a colleague who was not there.
import { Option } from 'commander'
import { lossUnits, type LossUnit } from '#shared/loss-unit.ts'
import { findStudy } from './find.ts'
import { readLab, unlessInterrupted } from './lab.ts'
import { writeOutput } from './output.ts'
import type { CommandPart } from './program.ts'

export const reportCommand: CommandPart = (program, act) => {
  program
    .command('report')
    .description('write a study as one HTML file: data, recipe, curves, law, evaluations, samples, how to repeat it')
    .argument('<study>', 'its id, its name, or the beginning of either')
    .requiredOption('--out <file>', 'the .html file to write')
    .option('--overwrite', 'replace the file')
    .addOption(new Option('--unit <unit>', 'of every loss in it').choices([...lossUnits]).default('nats-per-token'))
    .addHelpText(
      'after',
      `
Example:
  $ isoflop report Demo --out demo.html

The note of the study (isoflop annotate Demo --study --note "...") stands first in it, as the question.`,
    )
    .action(
      act((context, { out, overwrite, unit }: { out: string; overwrite?: boolean; unit: LossUnit }, wanted: string) =>
        readLab(context, async (lab) => {
          const study = await findStudy(lab, wanted)
          const html = await unlessInterrupted(context.signal, lab.report(study.id, [], unit))
          const file = await writeOutput(context.home, out, html, { overwrite })
          return {
            document: { file, study: study.id, bytes: Buffer.byteLength(html) },
            text: `Written to ${file}. Open it in any browser.`,
          }
        }),
      ),
    )
}
