// `isoflop import`: takes over a model that was made elsewhere.
import { join, resolve } from 'node:path'
import type { ModelReport } from '#shared/model-report.ts'
import { short, table } from './amounts.ts'
import { readLab, unlessInterrupted, withLab } from './lab.ts'
import { modelsText, originOf, takeModel } from './models.ts'
import type { CommandPart } from './program.ts'

interface ImportOptions {
  name?: string
  revision?: string
  to?: string
  dryRun?: boolean
  overwrite?: boolean
}

export const importCommand: CommandPart = (program, act) => {
  program
    .command('import')
    .argument(
      '<model>',
      'a Hugging Face folder of GPT-2’s architecture, or a name on the hub: gpt2, cerebras/Cerebras-GPT-111M',
    )
    .description('read and check a model made elsewhere, and keep it in the lab')
    .option('--name <name>', 'what to call it; else as it is called there')
    .option('--revision <revision>', 'a branch, tag or commit of the hub; else main')
    .option('--to <dir>', 'write it to this folder instead of the lab')
    .option('--dry-run', 'read and check it, and write nothing')
    .option('--overwrite', 'replace an earlier import')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop import ./Cerebras-GPT-111M
  $ isoflop import cerebras/Cerebras-GPT-111M && isoflop generate Cerebras-GPT-111M --prompt "It was"`,
    )
    .action(
      act(async (context, { name, revision, to, dryRun, overwrite = false }: ImportOptions, source: string) => {
        const origin = await originOf(source, revision)
        if (to !== undefined || dryRun) {
          context.terminal.progress('Reading the model')
          const report = await readLab(context, (lab) =>
            unlessInterrupted(context.signal, lab.convertModel(origin, dryRun ? null : resolve(to!), overwrite)),
          )
          return { document: report, text: reportText(report) }
        }
        return withLab(context, async (lab) => {
          if (overwrite)
            for (const { id } of (await lab.listModels()).filter(
              (one) => JSON.stringify(one.origin) === JSON.stringify(origin),
            ))
              await lab.deleteModel(id)
          const { model, isNew } = await takeModel(lab, origin, name ?? null, context)
          const folder = join(context.home, 'models', model.id)
          return {
            document: { ...model, folder },
            text: `${modelsText([model])}\n${isNew ? `Kept in ${folder}, read back and compared: equal.` : 'It is in the lab already; --overwrite imports it anew.'}`,
          }
        })
      }),
    )
}

function reportText({
  model: { shape, activation },
  parameters,
  tokenizer,
  dtypes,
  files,
  skipped,
  written,
}: ModelReport): string {
  const rows: [string, string][] = [
    ['parameters', short(parameters)],
    ['layers, width, heads', `${shape.layers}, ${shape.width}, ${shape.heads}`],
    ['context', String(shape.context)],
    ['activation', activation],
    ['vocabulary', `${shape.vocabulary}${tokenizer ? `, tokenizer of ${tokenizer.vocabulary}` : ', no tokenizer'}`],
    [
      'weights',
      `${dtypes.join(', ')} in ${files.join(', ')}${skipped.length > 0 ? `; ${skipped.length} masks and copies left out` : ''}`,
    ],
  ]
  return `${table(['model', ''], rows)}\n${written ? `Kept in ${written.folder}, read back and compared: equal.` : 'Nothing was written.'}`
}
