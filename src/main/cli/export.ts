// `isoflop export`: a run's checkpoint as a folder that transformers opens.
import { resolve } from 'node:path'
import { parseWhole, short, table } from './amounts.ts'
import { findRun, withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

interface ExportOptions {
  to: string
  step?: number
  overwrite?: boolean
}

export const exportCommand: CommandPart = (program, act) => {
  program.command('export')
    .argument('<run>', 'the run: its id, its name, or `last`')
    .description('write a checkpoint as a Hugging Face folder')
    .requiredOption('--to <dir>', 'the folder to write')
    .option('--step <step>', 'the checkpoint of this step; else the last', parseWhole(0))
    .option('--overwrite', 'replace an earlier export in that folder')
    .addHelpText('after', `
Example:
  $ isoflop export last --to ./my-model
  $ python -c "from transformers import pipeline; print(pipeline('text-generation', './my-model')('It was'))"`)
    .action(act((context, { to, step, overwrite }: ExportOptions, wanted: string) => withLab(context, async (lab) => {
      const run = await findRun(lab, wanted)
      const report = await lab.exportCheckpoint(run.id, step ?? null, resolve(to), overwrite ?? false)
      const files = table(['file', 'bytes'], report.files.map(({ name, bytes }) => [name, short(bytes)]))
      return { document: { runId: run.id, ...report }, text: `${files}\nWritten to ${report.folder}, read back and compared: equal.` }
    })))
}
