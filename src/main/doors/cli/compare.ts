// `isoflop compare`: what a change is worth, as the compute that B needs over the compute that A needs for the same
// loss.
import { basename, extname } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { compareStudies } from '#shared/comparison/compare.ts'
import { Fault } from '#shared/fault.ts'
import { lossUnits, type LossUnit } from '#shared/loss-unit.ts'
import { fitMultiplier, multiplierAt, usualAmounts } from '#shared/scaling/multiplier/multiplier.ts'
import { type Pair, type PairForm, pairForms } from '#shared/scaling/multiplier/pair-fit.ts'
import { verdictOf } from '#shared/scaling/multiplier/verdict.ts'
import { parseAmount, parseNumber, parseWhole } from './amounts.ts'
import { comparisonAnswer, flopsRows, multiplierTable } from './compare-text.ts'
import { findStudy } from './find.ts'
import { readLab } from './lab.ts'
import { curvePoints } from './points.ts'
import { type Answer, type CommandContext, type CommandPart, usageError } from './program.ts'

interface CompareOptions {
  points?: string[]
  x?: string
  y?: string
  form?: PairForm['kind']
  asymptote?: number
  exponent?: number
  unit?: LossUnit
  price?: number[]
  bootstrap?: number
  confidence?: number
  seed?: number
}

export const compareCommand: CommandPart = (program, act) => {
  program
    .command('compare')
    .description('what a change is worth: the compute B needs over the compute A needs for the same loss')
    .argument('[studies...]', 'two studies, A and B: their ids, their names, or the beginning of either')
    .option('--points <files...>', 'two CSV files instead, A and B, with one training to a line')
    .option('--x <column>', 'with --points: compute')
    .option('--y <column>', 'with --points: loss')
    .addOption(
      new Option('--form <form>', 'the asymptote: each its own, one for both, or a given one').choices([...pairForms]),
    )
    .option('--asymptote <loss>', 'with --form pinned: the loss that no compute removes', parseNumber(0, 1e6))
    .option('--exponent <number>', 'with --form pinned: the exponent, above 0; else fitted', parseAmount)
    .addOption(new Option('--unit <unit>', 'of studies’ losses, and so of --asymptote').choices([...lossUnits]))
    .option(
      '--price <amounts>',
      'of an hour of the machine, for money; for A and B where they differ: 2,3',
      parsePrices,
    )
    .option('--bootstrap <count>', 'refits that the intervals are taken from; 0 for none', parseWhole(0, 10_000))
    .option('--confidence <share>', 'of the intervals', parseNumber(0.01, 0.999))
    .option('--seed <number>', 'of the refits', parseWhole(0, 0xffff_ffff))
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop compare Standard muP
  $ isoflop compare Standard muP --form shared --price 1.5 --json
  $ isoflop compare --points A.csv B.csv --x flops --y loss --form pinned --asymptote 1.6 --exponent 0.15 --json

Below 1, B needs less. An interval is of refits over sizes and seeds; in a file, repeats are rows with the same compute.`,
    )
    .action(act(compare, 'apart'))
}

async function compare(context: CommandContext, options: CompareOptions, studies: string[]): Promise<Answer> {
  const form = formOf(options)
  if (options.points === undefined) return compareTwo(context, options, form, studies)
  const other = studies.length > 0 ? 'Studies' : options.unit ? '--unit' : options.price ? '--price' : null
  if (other) throw usageError(`${other} and --points do not go together: compare two studies, or two files.`)
  return compareFiles(context, options, form, options.points)
}

async function compareFiles(
  context: CommandContext,
  options: CompareOptions,
  form: PairForm,
  files: string[],
): Promise<Answer> {
  if (files.length !== 2)
    throw usageError(
      `--points takes two files, A and B; ${files.length === 1 ? 'one was' : `${files.length} were`} given.`,
    )
  const read = async (file: string) => (await inFile(file, curvePoints(context, { ...options, points: file }))).points
  const points = { a: await read(files[0]), b: await read(files[1]) }
  const names = namesOf(files)
  const columns = { x: options.x!, y: options.y! } // without them nothing was read
  const multiplier = fitMultiplier(points, { form, names, columns, ...refits(options) })
  const at = multiplierAt(multiplier, usualAmounts(multiplier))
  const verdict = verdictOf(multiplier, names)
  return { document: { multiplier: flopsRows(at), verdict }, text: `${multiplierTable(at, 'FLOPs')}\n${verdict}` }
}

async function compareTwo(
  context: CommandContext,
  options: CompareOptions,
  form: PairForm,
  wanted: string[],
): Promise<Answer> {
  if (wanted.length !== 2)
    throw usageError(`compare takes two studies, A and B, or --points with two files; ${wanted.length} were given.`)
  const column = options.x !== undefined ? '--x' : options.y !== undefined ? '--y' : null
  if (column) throw usageError(`${column} goes with --points; studies say themselves what they hold.`)
  const evidence = await readLab(context, async (lab) => {
    const of = async (name: string) => lab.studyEvidence((await findStudy(lab, name)).id)
    return { a: await of(wanted[0]), b: await of(wanted[1]) }
  })
  if (evidence.a.studyId === evidence.b.studyId)
    throw usageError(`Both names mean the study ${evidence.a.name}; name two different ones.`)
  const [a, b = a] = options.price ?? []
  const comparison = compareStudies(evidence, {
    form,
    unit: options.unit ?? 'nats-per-token',
    prices: a === undefined ? null : { a, b },
    ...refits(options),
  })
  if (comparison.answers.compute.problem !== null) throw new Fault('bad-input', comparison.answers.compute.problem)
  return comparisonAnswer(comparison)
}

function formOf({ form = 'free', asymptote, exponent }: CompareOptions): PairForm {
  if (form !== 'pinned') {
    const given = asymptote !== undefined ? '--asymptote' : exponent !== undefined ? '--exponent' : null
    if (given) throw usageError(`${given} goes with --form pinned.`)
    return { kind: form }
  }
  if (asymptote === undefined) throw usageError('--form pinned needs the asymptote: --asymptote 1.6.')
  return { kind: form, asymptote, exponent: exponent ?? null }
}

function refits({ bootstrap, confidence, seed }: CompareOptions) {
  if (bootstrap !== undefined && bootstrap > 0 && bootstrap < 20)
    throw usageError('--bootstrap: fewer than 20 refits give no interval; 0 leaves them out.')
  return {
    ...(bootstrap === undefined ? {} : { resamples: bootstrap }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(seed === undefined ? {} : { seed }),
  }
}

/** Files are called by their names, and where those are the same, A and B. */
function namesOf([a, b]: string[]): Pair<string> {
  const short = (file: string) => basename(file, extname(file))
  return short(a) === short(b) ? { a: 'A', b: 'B' } : { a: short(a), b: short(b) }
}

function parsePrices(text: string): number[] {
  const prices = text.split(',').map(parseAmount)
  if (prices.length > 2) throw new InvalidArgumentError('One price, or two for A and B, such as 2,3.')
  return prices
}

/** Which of the two files a sentence is about. */
async function inFile<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof Fault) || error.message.includes(file)) throw error
    throw new Fault(error.code, `${file}: ${error.message}`, { cause: error })
  }
}
