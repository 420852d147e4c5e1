// `isoflop openness`: what of published models is open and how they were trained, with one's own beside them.
import { writeCsv } from '#shared/csv.ts'
import { Fault } from '#shared/fault.ts'
import { aspectWords, opennessAspects, trainedOnText, type OpennessRow } from '#shared/openness/openness.ts'
import { opennessLines, studyOpenness } from '#shared/openness/own-row.ts'
import { oneLine } from '#shared/printable.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { table } from './amounts.ts'
import { findStudy } from './find.ts'
import { readLab, withLab } from './lab.ts'
import type { CommandPart } from './program.ts'

export const opennessCommand: CommandPart = (program, act) => {
  const openness = program
    .command('openness')
    .description('compare models by what is open and how they were trained')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop openness                         every model, a line each
  $ isoflop openness show pythia             one of them, with the source of every cell
  $ isoflop openness study Demo              the row of a study of this lab
  $ isoflop openness add ours.json           a row of your own, in the form of "openness show pythia --json"`,
    )
  openness
    .command('list', { isDefault: true })
    .description('list every model')
    .option('--csv', 'as comma-separated values, with the source of every cell')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop openness --csv > openness.csv`,
    )
    .action(
      act((context, { csv }: { csv?: boolean }) =>
        readLab(context, async (lab) => {
          const { rows, problems } = await lab.opennessCatalogue()
          for (const { file, message } of problems) context.terminal.note(`${file}: ${message}`)
          const all = rows.map(({ row }) => row)
          return { document: { rows, problems }, text: csv ? csvText(all) : listText(all) }
        }),
      ),
    )
  openness
    .command('show')
    .description('show one model, with the source of every cell')
    .argument('<model>', 'its id, as the list shows it')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop openness show cerebras-gpt`,
    )
    .action(
      act((context, _options: object, id: string) =>
        readLab(context, async (lab) => {
          const row = await findRow(lab, id)
          return { document: row, text: rowText(row) }
        }),
      ),
    )
  openness
    .command('study')
    .description('show the row of a study, as its report has it')
    .argument('<study>', 'its id, its name, or the beginning of either')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop openness study Demo`,
    )
    .action(
      act((context, _options: object, wanted: string) =>
        readLab(context, async (lab) => {
          const row = await rowOfStudy(lab, wanted)
          return { document: row, text: rowText(row) }
        }),
      ),
    )
  openness
    .command('add')
    .description('add a model of your own, or replace it: a JSON file, every cell with its source')
    .argument('<file>', 'in the form of `isoflop openness show pythia --json`')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop openness show pythia --json > ours.json   # change it, its id first
  $ isoflop openness add ours.json`,
    )
    .action(
      act((context, _options: object, file: string) =>
        withLab(context, async (lab) => {
          const { readJson } = await import('#main/platform/disk/files.ts')
          const { resolve } = await import('node:path')
          const given = await readJson(resolve(file))
          if (typeof given !== 'object' || given === null || Array.isArray(given))
            throw new Fault('bad-input', `${file} holds no row: a record with id, name, by, year, cells and training.`)
          const { row } = await lab.saveOpennessRow(given as Record<string, unknown>)
          return { document: row, text: `${row.name} is in the comparison as ${row.id}.` }
        }),
      ),
    )
  openness
    .command('delete')
    .description('delete a model of your own from the comparison')
    .argument('<model>', 'its id')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop openness delete ours`,
    )
    .action(
      act((context, _options: object, id: string) =>
        withLab(context, async (lab) => {
          await lab.deleteOpennessRow(id)
          return { document: { deleted: id }, text: `${id} is deleted.` }
        }),
      ),
    )
}

async function findRow(lab: LabHost, id: string): Promise<OpennessRow> {
  const { rows } = await lab.opennessCatalogue()
  const found = rows.find(({ row }) => row.id === id)
  if (!found)
    throw new Fault(
      'not-found',
      `There is no model "${id.slice(0, 60)}" in the comparison. \`isoflop openness\` lists them.`,
    )
  return found.row
}

async function rowOfStudy(lab: LabHost, wanted: string): Promise<OpennessRow> {
  const study = await findStudy(lab, wanted)
  const [{ version }, runs, corpora, evaluations] = await Promise.all([
    lab.about(),
    lab.listRuns(study.id),
    lab.listCorpora(),
    lab.listEvaluations(study.id),
  ])
  const corpus = corpora.find(({ id }) => id === study.corpusId) ?? null
  return studyOpenness({ study, version, nowMs: Date.now(), corpus, runs, evaluations })
}

/** A line for each aspect, and its source under it. */
const rowText = (row: OpennessRow): string =>
  [
    oneLine(`${row.name}, ${row.by} ${row.year}`),
    ...opennessLines(row).flatMap(({ name, answer, note, source }) => [
      `${name.padEnd(12)} ${oneLine([answer, note].filter(Boolean).join(': '))}`,
      ...(source ? [`${' '.repeat(13)}${oneLine(source)}`] : []),
    ]),
  ].join('\n')

const listText = (rows: readonly OpennessRow[]): string =>
  table(
    ['id', 'by', 'year', ...opennessAspects.map((aspect) => aspectWords[aspect].name.toLowerCase()), 'trained on'],
    rows.map((row) => [
      row.id,
      row.by,
      String(row.year),
      ...opennessAspects.map((aspect) => row.cells[aspect]?.answer ?? '–'),
      trainedOnText(row),
    ]),
  )

const csvText = (rows: readonly OpennessRow[]): string =>
  writeCsv(
    ['id', 'name', 'by', 'year', 'what', 'answer', 'note', 'source'],
    rows.flatMap((row) =>
      opennessLines(row).map(({ name, answer, note, source }) => [
        row.id,
        row.name,
        row.by,
        row.year,
        name,
        answer,
        note,
        source,
      ]),
    ),
  ).trimEnd()
