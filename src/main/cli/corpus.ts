// `isoflop corpus`: the texts in the lab, and adding one.
import { basename, resolve } from 'node:path'
import type { Corpus } from '#shared/corpus/corpus.ts'
import { short, table } from './amounts.ts'
import { corpusReady, withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

export const corpusCommand: CommandPart = (program, act) => {
  const corpus = program.command('corpus').description('list the corpora, or add one')
  corpus.command('list', { isDefault: true })
    .description('list the corpora')
    .addHelpText('after', `
Example:
  $ isoflop corpus list --json`)
    .action(act((context) => withLab(context, async (lab) => {
      const corpora = await lab.listCorpora()
      return { document: { corpora }, text: corporaText(corpora) }
    })))
  corpus.command('add')
    .argument('<path...>', 'text files, folders of them, .jsonl with a field `text`, or .parquet')
    .description('read texts into the lab')
    .option('--name <name>', 'what to call it')
    .addHelpText('after', `
Example:
  $ isoflop corpus add ~/books --name Books`)
    .action(act((context, { name }: { name?: string }, paths: string[]) => withLab(context, async (lab) => {
      const added = await lab.addCorpus(paths.map((path) => resolve(path)), name ?? corpusName(paths))
      const ready = await corpusReady(lab, added.id, context)
      return { document: { corpus: ready }, text: corporaText([ready]) }
    })))
}

/** After the first file or folder. */
export const corpusName = (paths: readonly string[]): string => basename(resolve(paths[0])).replace(/\.(txt|jsonl|parquet)$/, '') || 'Corpus'

const corporaText = (corpora: readonly Corpus[]): string => table(
  ['corpus', 'name', 'state', 'bytes', 'documents', 'licence'],
  corpora.map(({ id, name, state, bytes, documents, licence }) => [id, name, state, short(bytes), String(documents), licence ?? '']),
)
