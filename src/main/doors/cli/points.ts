// Where `fit` and `forecast` take their points from: columns of a CSV file, or the finished runs of a study.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { listed } from '#shared/printable.ts'
import { gatherBudgets, gatheringRemark, type IsoflopPoint } from '#shared/scaling/isoflop.ts'
import type { LawPoint, SurfacePoint } from '#shared/scaling/points.ts'
import { dropHighest } from '#shared/scaling/points.ts'
import type { LawWarning } from '#shared/scaling/warnings.ts'
import { readTable, type Table } from '#main/platform/disk/tables.ts'
import { parseNumber, parseWhole } from './amounts.ts'
import type { CommandContext } from './program.ts'
import { type StudyPoint, type StudyPoints, studyRuns } from './study-points.ts'

export interface PointOptions {
  points?: string
  study?: string
  x?: string
  y?: string
  n?: string
  d?: string
  flops?: string
  loss?: string
  budget?: string
  /** Different tokens of the text. */
  unique?: string
  where?: string[]
  dropHighest?: number
  robust?: boolean
}

/** The options that both commands share. */
export const pointOptions = (command: Command): Command =>
  command
    .option('--points <file>', 'a CSV file with one training to a line')
    .option('--study <study>', 'the finished runs of a study instead of a file')
    .option('--x <column>', 'compute (or size, or tokens), for power laws')
    .option('--y <column>', 'loss in nats, for power laws')
    .option('--n <column>', 'parameters, for surfaces and IsoFLOP profiles')
    .option('--d <column>', 'tokens, for surfaces')
    .option('--loss <column>', 'loss in nats, for surfaces and IsoFLOP profiles')
    .option(
      '--where <column=value>',
      'only rows with this value; may be given again',
      (one: string, all: string[]) => [...all, one],
      [],
    )
    .option('--drop-highest <count>', 'leave out this many of the highest losses', parseWhole(0, 1e6))
    .option('--robust', 'power laws: leave out points that disagree with the others, at most one in four')
    .option('--bootstrap <count>', 'refits that the intervals are taken from; 0 for none', parseWhole(0, 100_000))
    .option('--confidence <share>', 'of the intervals', parseNumber(0.01, 0.999))
    .option('--seed <number>', 'of the refits', parseWhole(0, 0xffff_ffff))

/** What to do about a point that disagrees, where it has not been done. */
export const robustRemark = (warnings: readonly LawWarning[], { robust = false }: PointOptions): string[] =>
  robust || !warnings.some(({ kind }) => kind === 'outlier')
    ? []
    : ['One point disagrees with the others; --robust fits the law without it.']

/** Points of a curve, with what their columns are called, what was left out, and the study that they are of. */
export async function curvePoints(
  context: CommandContext,
  options: PointOptions,
): Promise<{ points: LawPoint[]; names: { x: string; y: string }; remarks: string[]; study: StudyPoints | null }> {
  if (options.study !== undefined) {
    const study = await studyRuns(context, options.study)
    const { runs, recipe, remarks: said } = study
    const perParameter = recipe.tokensPerParameter
    const onLine = runs.filter(({ isOnLine }) => isOnLine)
    const remarks =
      onLine.length === runs.length
        ? said
        : [
            ...said,
            `Left out, not at the study's ${perParameter} tokens per parameter: ${runs
              .filter(({ isOnLine }) => !isOnLine)
              .map(({ name }) => name)
              .join(', ')}.`,
          ]
    if (onLine.length === 0 && runs.length > 0) {
      throw new Fault(
        'bad-input',
        `None of the study's ${runs.length} finished runs has its ${perParameter} tokens per parameter, and the compute-optimal law uses only those. L(N, D) takes them all: --form surface.`,
      )
    }
    return {
      points: dropTop(
        onLine.map(({ flops, loss, name }) => ({ x: flops, y: loss, name })),
        options,
      ),
      names: { x: 'compute', y: 'loss' },
      remarks,
      study,
    }
  }
  const table = tableOf(options)
  const [x, y] = [columnOf(table, options.x, '--x'), columnOf(table, options.y, '--y')]
  if (indexOf(table, options.x, '--x') === indexOf(table, options.y, '--y'))
    throw new Fault('bad-input', `--x and --y both name ${options.x}: a law needs two different columns.`)
  const points = table.rows.map((_, i) => ({ x: x(i), y: y(i), name: nameOf(table, i) }))
  return { points: dropTop(points, options), names: { x: options.x!, y: options.y! }, remarks: [], study: null }
}

/** Points of a surface and the study that they are of; a file's tokens from their own column, or C / (6 N). */
export async function surfacePoints(
  context: CommandContext,
  options: PointOptions,
  flopsColumn?: string,
): Promise<{ points: SurfacePoint[]; remarks: string[]; study: StudyPoints | null }> {
  if (options.study !== undefined) {
    const study = await studyRuns(context, options.study)
    return { points: dropHighest(study.runs, options.dropHighest ?? 0), remarks: study.remarks, study }
  }
  const table = tableOf(options)
  const [n, loss] = [columnOf(table, options.n, '--n'), columnOf(table, options.loss, '--loss')]
  if (options.d === undefined && flopsColumn === undefined)
    throw new Fault(
      'bad-input',
      'Name the column of tokens with --d, or of compute with --c (tokens are then C / (6 N)).',
    )
  const d = columnOf(table, options.d ?? flopsColumn, options.d === undefined ? '--c' : '--d')
  const named = [options.n, options.d ?? flopsColumn, options.loss].map((name) => indexOf(table, name, '--n'))
  const twice = named.find((column, i) => named.indexOf(column) !== i)
  if (twice !== undefined)
    throw new Fault(
      'bad-input',
      `${table.columns[twice]} is named twice: parameters, tokens and loss need three different columns.`,
    )
  const points = table.rows.map((_, i) => ({
    parameters: n(i),
    tokens: options.d === undefined ? d(i) / (6 * n(i)) : d(i),
    loss: loss(i),
    name: nameOf(table, i),
  }))
  return { points: dropHighest(points, options.dropHighest ?? 0), remarks: [], study: null }
}

/** Points of IsoFLOP profiles, from rows or from the runs of a study, gathered where they took the same compute. */
export async function isoflopPoints(
  context: CommandContext,
  options: PointOptions,
): Promise<{ points: IsoflopPoint[]; remarks: string[] }> {
  const study = options.study === undefined ? null : await studyRuns(context, options.study)
  const given = study ? study.runs.map(isoflopRun) : isoflopRows(options)
  const kept = dropHighest(given, options.dropHighest ?? 0)
  const points = gatherBudgets(kept)
  const remark = gatheringRemark(kept, points)
  return { points, remarks: [...(study?.remarks ?? []), ...(remark === null ? [] : [remark])] }
}

const isoflopRun = ({ flops, parameters, tokens, loss }: StudyPoint): IsoflopPoint => ({
  budget: flops,
  parameters,
  tokens,
  loss,
})

function isoflopRows(options: PointOptions): IsoflopPoint[] {
  const table = tableOf(options)
  const [budget, n, loss] = [
    columnOf(table, options.budget, '--budget'),
    columnOf(table, options.n, '--n'),
    columnOf(table, options.loss, '--loss'),
  ]
  return table.rows.map((_, i) => ({ budget: budget(i), parameters: n(i), loss: loss(i) }))
}

export function tableOf({ points, where = [] }: PointOptions): Table {
  if (points === undefined)
    throw new Fault('bad-input', 'Say where the points are: --points FILE.csv, or --study for the runs of a study.')
  const table = readTable(resolve(points))
  const kept = where.reduce<number[]>(
    (rows, condition) => {
      const at = condition.indexOf('=')
      if (at < 1) throw new Fault('bad-input', `--where ${condition}: write it as COLUMN=VALUE.`)
      const column = indexOf(table, condition.slice(0, at).trim(), '--where')
      return rows.filter((i) => table.rows[i][column].trim() === condition.slice(at + 1).trim())
    },
    table.rows.map((_, i) => i),
  )
  if (kept.length === 0) throw new Fault('bad-input', `No row of ${points} has ${where.join(' and ')}.`)
  return { columns: table.columns, rows: kept.map((i) => table.rows[i]), lines: kept.map((i) => table.lines[i]) }
}

/** A column as it is written, or else the only one that differs in capitals alone. */
function indexOf(table: Table, name: string | undefined, option: string): number {
  if (name === undefined)
    throw new Fault('bad-input', `Name a column with ${option}; there are: ${listed(table.columns)}.`)
  const index = table.columns.indexOf(name)
  const alike = table.columns.flatMap((column, i) => (column.toLowerCase() === name.toLowerCase() ? [i] : []))
  if (index < 0 && alike.length === 1) return alike[0]
  if (index < 0)
    throw new Fault('bad-input', `${option}: there is no column ${name}; there are: ${listed(table.columns)}.`)
  return index
}

/** Reads numbers of one column; what is none gets a sentence with its line. */
export function columnOf(table: Table, name: string | undefined, option: string): (row: number) => number {
  const index = indexOf(table, name, option)
  return (row) => {
    const text = table.rows[row][index].trim()
    if (text === '') throw new Fault('bad-input', `Line ${table.lines[row]}: ${name} is empty.`)
    const value = Number(text)
    if (Number.isNaN(value))
      throw new Fault('bad-input', `Line ${table.lines[row]}: ${name} is ${quoted(text)}, not a number.`)
    return value
  }
}

/** What a sentence calls a row: its line in the file. */
const nameOf = (table: Table, row: number): string => `line ${table.lines[row]}`

const dropTop = (points: LawPoint[], { dropHighest: count = 0 }: PointOptions): LawPoint[] =>
  dropHighest(
    points.map((point) => ({ ...point, loss: point.y })),
    count,
  ).map(({ x, y, name }) => ({ x, y, name }))
