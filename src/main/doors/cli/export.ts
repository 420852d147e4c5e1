// `isoflop export`: a run's checkpoint as a folder that transformers opens, or a file for llama.cpp.
import { resolve } from 'node:path'
import { Option } from 'commander'
import type { ExportForm } from '#shared/run.ts'
import { parseWhole, short, table } from './amounts.ts'
import { findSubject } from './find.ts'
import { readLab, unlessInterrupted } from './lab.ts'
import { subjectDocument } from './models.ts'
import type { CommandPart } from './program.ts'

interface ExportOptions {
  to: string
  step?: number
  overwrite?: boolean
  format: ExportForm['format']
  dtype: ExportForm['dtype']
  scales: 'folded' | 'own'
}

export const exportCommand: CommandPart = (program, act) => {
  program
    .command('export')
    .argument('<run>', 'the run: its id, its name, or `last`; or an imported model')
    .description('write a checkpoint as a Hugging Face folder, or as GGUF')
    .requiredOption('--to <dir>', 'the folder to write')
    .option('--step <step>', 'the checkpoint of this step; else the last', parseWhole(0))
    .addOption(
      new Option('--format <format>', 'a Hugging Face folder, or a GGUF file in it')
        .choices(['hf', 'gguf'])
        .default('hf'),
    )
    .addOption(
      new Option('--dtype <dtype>', 'number format of the weights').choices(['f32', 'bf16', 'f16']).default('f32'),
    )
    .addOption(
      new Option('--scales <where>', 'muP’s scales: multiplied into a plain GPT-2, or its own in the config')
        .choices(['folded', 'own'])
        .default('folded'),
    )
    .option('--overwrite', 'replace an earlier export in that folder')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop export last --to ./my-model
  $ python -c "from transformers import pipeline; print(pipeline('text-generation', './my-model')('It was'))"`,
    )
    .action(
      act((context, { to, step, overwrite, format, dtype, scales }: ExportOptions, wanted: string) =>
        readLab(context, async (lab) => {
          const subject = await findSubject(lab, wanted, step)
          const report = await unlessInterrupted(
            context.signal,
            lab.export(subject, resolve(to), overwrite ?? false, { format, dtype, scales }),
          )
          const files = table(
            ['file', 'bytes'],
            report.files.map(({ name, bytes }) => [name, short(bytes)]),
          )
          return {
            document: { ...subjectDocument(subject), ...report },
            text: `${files}\nWritten to ${report.folder}, read back and compared: equal.`,
          }
        }),
      ),
    )
}
