// `isoflop import`: takes over a model that was made elsewhere.
import { basename, join, resolve } from 'node:path'
import type { ImportReport } from '#main/checkpoint/imported-jobs.ts'
import { short, table } from './amounts.ts'
import type { CommandPart } from './program.ts'

interface ImportOptions {
  to?: string
  dryRun?: boolean
  overwrite?: boolean
}

export const importCommand: CommandPart = (program, act) => {
  program.command('import')
    .argument('<dir>', 'a Hugging Face folder of GPT-2’s architecture: Cerebras-GPT, GPT-2, an export')
    .description('read and check a model made elsewhere, and keep it in the lab')
    .option('--to <dir>', 'where to keep it; else in the lab’s data folder, under models/')
    .option('--dry-run', 'read and check it, and write nothing')
    .option('--overwrite', 'replace an earlier import in that folder')
    .addHelpText('after', `
Example:
  $ isoflop import ./Cerebras-GPT-111M
  $ isoflop evaluate --checkpoint ~/.isoflop/models/Cerebras-GPT-111M --task piqa --data piqa.jsonl`)
    .action(act(async ({ home, parts, signal }, { to, dryRun, overwrite }: ImportOptions, dir: string) => {
      const { forkNodeWorker } = await import('#main/work/node.ts')
      const { workToEnd } = await import('#main/work/host.ts')
      const folder = resolve(dir)
      const target = dryRun ? null : resolve(to ?? join(home, 'models', basename(folder)))
      const report = await workToEnd<never, ImportReport>(forkNodeWorker(parts.worker), { kind: 'import', folder, to: target, overwrite: overwrite ?? false }, { signal })
      return { document: report, text: reportText(report) }
    }))
}

function reportText({ model: { shape, activation }, parameters, tokenizer, dtypes, files, skipped, written }: ImportReport): string {
  const rows: [string, string][] = [
    ['parameters', short(parameters)],
    ['layers, width, heads', `${shape.layers}, ${shape.width}, ${shape.heads}`],
    ['context', String(shape.context)],
    ['activation', activation],
    ['vocabulary', `${shape.vocabulary}${tokenizer ? `, tokenizer of ${tokenizer.vocabulary}` : ', no tokenizer'}`],
    ['weights', `${dtypes.join(', ')} in ${files.join(', ')}${skipped.length > 0 ? `; ${skipped.length} masks and copies left out` : ''}`],
  ]
  return `${table(['model', ''], rows)}\n${written ? `Kept in ${written.folder}, read back and compared: equal.` : 'Nothing was written.'}`
}
