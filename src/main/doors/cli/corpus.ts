// `isoflop corpus`: the texts in the lab; one added, described, or deleted.
import { basename, resolve } from 'node:path'
import { leftOutText, type Corpus, type CorpusChanges } from '#shared/corpus.ts'
import { parseWhole, short, table } from './amounts.ts'
import { findCorpus, whole } from './find.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { corpusReady, readLab, withLab } from './lab.ts'
import { writeOutput } from './output.ts'
import { usageError, type CommandContext, type CommandPart } from './program.ts'
import { broughtBackBy, yesOption } from './trash.ts'

export const corpusCommand: CommandPart = (program, act) => {
  const corpus = program.command('corpus').description('list the corpora, add, edit or delete one')
  corpus
    .command('list', { isDefault: true })
    .description('list the corpora')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop corpus list --json`,
    )
    .action(
      act((context) =>
        readLab(context, async (lab) => {
          const corpora = await lab.listCorpora()
          return { document: { corpora }, text: corporaText(corpora) }
        }),
      ),
    )
  corpus
    .command('add')
    .argument('<path...>', 'text files, folders of them, .jsonl or .parquet')
    .description('read texts into the lab')
    .option('--name <name>', 'what to call it')
    .option('--field <name>', 'of .jsonl or .parquet: where the text stands (text)')
    .option('--license <text>', 'its licence, as you know it')
    .option('--notes <text>', 'anything worth knowing of it')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop corpus add ~/books --name Books --license 'Public domain'
  $ isoflop corpus add posts.jsonl --field body`,
    )
    .action(
      act((context, { name, field, ...said }: AddOptions, paths: string[]) =>
        withLab(context, async (lab) => {
          const { corpus: read, sameAs } = await readCorpus(lab, paths, name ?? corpusName(paths), context, field)
          const changes = saidOf(said)
          const corpus = Object.keys(changes).length > 0 ? await lab.changeCorpus(read.id, changes) : read
          return { document: { corpus, sameAs }, text: [corporaText([corpus]), ...remarks(corpus)].join('\n') }
        }),
      ),
    )
  corpus
    .command('edit')
    .description('rename a corpus, state its licence, take notes; or read one again that could not be read')
    .argument('<corpus>', 'its whole id or name')
    .option('--name <name>', 'what to call it')
    .option('--license <text>', 'its licence; empty: not known')
    .option('--notes <text>', 'anything worth knowing of it')
    .option('--field <name>', 'of .jsonl or .parquet that could not be read: where the text stands')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop corpus edit Books --name Novels --license 'Public domain' --notes 'Without the prefaces.'
  $ isoflop corpus edit posts --field body`,
    )
    .action(
      act((context, { name, field, ...said }: AddOptions, wanted: string) =>
        withLab(context, async (lab) => {
          const changes = { name, field, ...saidOf(said) }
          if (Object.values(changes).every((value) => value === undefined))
            throw usageError('Say what to change: --name, --license, --notes or --field.')
          const { id } = await findCorpus(lab, wanted, whole)
          const changed = await lab.changeCorpus(id, changes)
          const corpus = field === undefined ? changed : await corpusReady(lab, id, context)
          return { document: { corpus }, text: [corporaText([corpus]), ...remarks(corpus)].join('\n') }
        }),
      ),
    )
  corpus
    .command('delete')
    .description('delete a corpus with its tokens')
    .argument('<corpus>', 'its whole id or name')
    .addOption(yesOption())
    .addHelpText(
      'after',
      `
Example:
  $ isoflop corpus delete Books`,
    )
    .action(
      act((context, _options: object, wanted: string) =>
        withLab(context, async (lab) => {
          const { id, name } = await findCorpus(lab, wanted, whole)
          await lab.deleteCorpus(id)
          return { document: { deleted: id }, text: `${name} is deleted. ${broughtBackBy(id)}` }
        }),
      ),
    )
  corpus
    .command('synthetic')
    .alias('toys') // its name in 0.1.0
    .description(
      'write a text from which a small model learns the synthetic tasks: copy, reverse, brackets, arithmetic',
    )
    .requiredOption('--to <file>', 'the .txt file to write; documents are parted by <|endoftext|>')
    .option('--documents <count>', 'documents of each task, forty lines in each', parseWhole(1, 100_000), 500)
    .option('--seed <number>', 'the same seed gives the same text', parseWhole(0, 0xffff_ffff), 100)
    .option('--overwrite', 'replace the file')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop corpus synthetic --to synthetic.txt && isoflop corpus add synthetic.txt
  $ isoflop evaluate --run last --task copy,reverse,brackets,arithmetic`,
    )
    .action(
      act(
        async (
          context,
          { to, documents, seed, overwrite }: { to: string; documents: number; seed: number; overwrite?: boolean },
        ) => {
          const { syntheticText } = await import('#main/core/evaluation/synthetic-tasks.ts')
          const text = syntheticText({ seed, count: documents })
          const file = await writeOutput(context.home, to, text, { overwrite })
          return {
            document: { file, characters: text.length },
            text: `Written to ${file}: ${short(text.length)} characters.`,
          }
        },
      ),
    )
}

interface AddOptions {
  name?: string
  field?: string
  license?: string
  notes?: string
}

const saidOf = ({ license, notes }: AddOptions): CorpusChanges => ({
  ...(license === undefined ? {} : { licence: license }),
  ...(notes === undefined ? {} : { notes }),
})

/** What of the sources is not in the corpus as it was there, and what else a person should know. */
function remarks({ leftOut, message, warning, notes }: Corpus): string[] {
  return [notes, warning, leftOut ? leftOutText(leftOut) : null, message].filter((line): line is string =>
    Boolean(line),
  )
}

/**
 * A new corpus of these paths, once it is ready. `sameAs` names those that were read from the same paths before and are
 * as large; a person is told, since one name then means two.
 */
export async function readCorpus(
  lab: LabHost,
  paths: readonly string[],
  name: string,
  context: CommandContext,
  field?: string,
): Promise<{ corpus: Corpus; sameAs: string[] }> {
  const added = await lab.addCorpus(
    paths.map((path) => resolve(path)),
    name,
    field,
  )
  const corpus = await corpusReady(lab, added.id, context)
  const { id, source, bytes, documents } = corpus
  const same = (await lab.listCorpora()).filter(
    (one) => one.id !== id && one.source === source && one.bytes === bytes && one.documents === documents,
  )
  for (const one of same)
    context.terminal.note(
      `${one.name} (${one.id}) was read from the same place and is as large. \`isoflop corpus delete\` deletes what is not needed twice.`,
    )
  return { corpus, sameAs: same.map((one) => one.id) }
}

/** After the first file or folder. */
export const corpusName = (paths: readonly string[]): string =>
  basename(resolve(paths[0])).replace(/\.(txt|jsonl|parquet)$/, '') || 'Corpus'

const corporaText = (corpora: readonly Corpus[]): string =>
  table(
    ['corpus', 'name', 'state', 'bytes', 'documents', 'license'],
    corpora.map(({ id, name, state, bytes, documents, licence }) => [
      id,
      name,
      state,
      short(bytes),
      String(documents),
      licence ?? '',
    ]),
  )
