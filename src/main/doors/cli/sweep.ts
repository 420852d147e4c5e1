// `isoflop sweep`: one field of a study's recipe, or its width or depth, tried at several values; what was found.
import { InvalidArgumentError, Option } from 'commander'
import { mostSeeds, mostSweepValues } from '#shared/bounds.ts'
import type { TrialCost } from '#shared/comparison/trial.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { Fault } from '#shared/fault.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { optionNamed } from '#shared/repeat-run.ts'
import { sweepFields, type SweepField, type SweepValue, wordsOf } from '#shared/sweep/fields.ts'
import {
  curveWords,
  shiftOf,
  shiftWords,
  sweepCurves,
  sweepRunsOf,
  sweptFields,
  type SweepRun,
} from '#shared/sweep/curves.ts'
import { powerRuleText } from '#shared/family/power-rule.ts'
import { isLawField, type RateLaw, rateLawOf, rateLawWords, withLaw } from '#shared/sweep/rate-law.ts'
import { type SweepChoices, usualFactors } from '#shared/sweep/plan.ts'
import type { Study } from '#shared/study.ts'
import { formatSeconds, parseNumber, plural, withPlainSpaces, withPrefix } from '#shared/numbers.ts'
import { parseWhole, table } from './amounts.ts'
import { engineOptions, type EngineOptions, refuseAbsentEngine, withSettings } from './engine.ts'
import { findStudy } from './find.ts'
import { followRuns } from './follow.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import { membersMeant } from './new-study.ts'
import { type Answer, type CommandContext, type CommandPart, usageError } from './program.ts'

interface SweepOptions extends EngineOptions {
  field?: SweepField
  values?: SweepValue[]
  times?: number[]
  member?: string[]
  seeds: number
  start?: boolean
  use?: string
}

/** `peak-learning-rate`, as other options call a field. */
const optionOf = (field: SweepField): string => optionNamed(field).slice(2)

export const sweepCommand: CommandPart = (program, act) => {
  const command = program
    .command('sweep')
    .description('try one field of a study at several values: loss against the field for each size, and the optimum')
    .argument('<study>', 'its id, its name, or the beginning of either')
    .addOption(
      new Option('--field <name>', 'what varies; without it, what was swept in the study is shown')
        .choices(sweepFields.map(optionOf))
        .argParser(parseField),
    )
    .option('--values <list>', 'the values, the same for every member, such as 1e-3,2e-3,4e-3', parseValues)
    .option('--times <list>', `multiples of what each member has (${usualFactors.join()})`, parseTimes)
    .option('--member <names>', 'only these members, with commas', (text: string) => text.split(','))
    .option('--seeds <count>', 'trainings of each member at each value', parseWhole(1, mostSeeds), 1)
    .option('--use <study>', 'gives that study the law of the best rate or batch, by which each member gets its own')
    .option('--start', 'makes the sweep and trains it; without it only the cost is told')
  engineOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop sweep Standard --field peak-learning-rate            what five rates at every size would cost
  $ isoflop sweep Standard --field peak-learning-rate --start    the same, made and trained
  $ isoflop sweep Standard --field layers --values 2,4,8         other depths at the same sizes
  $ isoflop sweep "Standard, sweep of peak learning rate"        what it found
  $ isoflop sweep "Standard, sweep of peak learning rate" --use Standard    each member's rate by its law from now on`,
    )
    .action(act(sweep))
}

async function sweep(context: CommandContext, options: SweepOptions, wanted: string): Promise<Answer> {
  return withLab(context, async (lab) => {
    const study = await findStudy(lab, wanted)
    if (!options.field) return options.use ? useLaw(lab, study, options.use) : found(lab, study)
    if (options.use) throw usageError('--use takes what was found: leave --field out.')
    const choices = choicesOf(study, await lab.planStudy(study.id), options, options.field)
    const cost = await lab.sweepCost(study.id, choices)
    if (!options.start) return { document: { cost, choices }, text: costText(cost, 'With --start it begins.') }
    await refuseAbsentEngine(lab, options, context)
    await tokensReady(lab, await corpusReady(lab, study.corpusId, context), study.tokenizer, context)
    context.terminal.note(costText(cost))
    const { engine, threads } = options
    const swept = await withSettings(lab, { engine, threads }, context, () => lab.beginSweep(study.id, choices))
    await followRuns(
      lab,
      (await lab.listRuns(swept.id)).map(({ id }) => id),
      context,
    )
    return found(lab, swept)
  })
}

function choicesOf(
  { ladder }: Study,
  plans: readonly MemberPlan[],
  options: SweepOptions,
  field: SweepField,
): SweepChoices {
  const { values, times, member, seeds } = options
  if (values && times)
    throw usageError('--values are the same for all members, --times multiples of their own: give one.')
  const words = wordsOf[field]
  const isRelative = !values && !words && field !== 'seed'
  const usual: SweepValue[] = words ? [...words] : field === 'seed' ? [0, 1, 2] : usualFactors
  const members = membersMeant(plans, ladder, member)
  return {
    field,
    values: values ?? times ?? usual,
    isRelative,
    memberIds: members.map(({ memberId }) => memberId),
    seeds,
  }
}

async function sweepRuns(lab: LabHost, study: Study): Promise<SweepRun[]> {
  const runs = await lab.listRuns(study.id)
  const plans = new Map((await lab.readRunPlans(runs.map(({ id }) => id))).map((plan) => [plan.runId, plan]))
  return sweepRunsOf(runs, plans)
}

/** The laws of the sweep's fields become those of another study's recipe. */
async function useLaw(lab: LabHost, study: Study, wanted: string): Promise<Answer> {
  const all = await sweepRuns(lab, study)
  const laws = sweptFields(all).flatMap((field) => (isLawField(field) ? (rateLawOf(all, field) ?? []) : []))
  if (laws.length === 0)
    throw new Fault(
      'not-found',
      `${study.name} has no law of a rate or batch: sweep peak-learning-rate or batch-tokens at two sizes at least.`,
    )
  const taker = await findStudy(lab, wanted)
  const document = await lab.updateStudy(taker.id, { recipe: laws.reduce(withLaw, taker.recipe) })
  const words = laws.map((law) => `${optionOf(law.field)} by ${powerRuleText(law)}`)
  return { document, text: `Each member of ${taker.name} has its ${words.join(', its ')} from now on.` }
}

/** Curves of every field that was swept in the study. */
async function found(lab: LabHost, study: Study): Promise<Answer> {
  const all = await sweepRuns(lab, study)
  const largest = (await lab.planStudy(study.id)).filter(({ refusal }) => refusal === null).pop()
  const swept = sweptFields(all).map((field) => ({
    field,
    curves: sweepCurves(all, field),
    law: isLawField(field) ? rateLawOf(all, field) : null,
    largest,
  }))
  if (swept.length === 0)
    throw new Fault(
      'not-found',
      `${study.name} has no finished trainings that differ in one field. Name one with --field, for example --field peak-learning-rate.`,
    )
  const document = swept.map(({ field, curves, law }) => ({ field, curves, shift: shiftOf(curves), law }))
  return { document: { studyId: study.id, sweeps: document }, text: swept.map(sweepText).join('\n\n') }
}

function sweepText({
  field,
  curves,
  law,
  largest,
}: {
  field: SweepField
  curves: ReturnType<typeof sweepCurves>
  law: RateLaw | null
  largest?: MemberPlan
}): string {
  const values = [...new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)))]
  if (values.every((x) => typeof x === 'number')) values.sort((a, b) => Number(a) - Number(b))
  // multiples of each member's own value share no row
  const rows =
    values.length <= 12
      ? [
          table(
            ['', ...values.map(String)],
            curves.map(({ name, points }) => [name, ...values.map(lossAt(points))]),
          ),
        ]
      : []
  const shift = shiftWords(curves)
  return [
    `Validation loss against ${optionOf(field)}:`,
    ...rows,
    ...curves.map(curveWords),
    ...(shift ? [shift] : []),
    ...(law ? [rateLawWords(law, largest)] : []),
  ].join('\n')
}

const lossAt =
  (points: ReturnType<typeof sweepCurves>[number]['points']) =>
  (value: SweepValue): string => {
    const point = points.find(({ x }) => x === value)
    return point ? (point.loss?.toFixed(4) ?? 'diverged') : ''
  }

/** Ends with what stands in the way, or with what comes next. */
const costText = ({ name, sweepRuns, flops, seconds, problem }: TrialCost, next = ''): string => {
  const time =
    seconds === null ? 'in a time that is not known yet on this machine' : `about ${formatSeconds(seconds)} here`
  const text = `“${name}”: ${plural(sweepRuns, 'training')}, ${withPrefix(flops, 'FLOP')}, ${time}.`
  return withPlainSpaces(`${text} ${problem ?? next}`.trimEnd())
}

function parseField(text: string): SweepField {
  const field = sweepFields.find((one) => optionOf(one) === text || one === text)
  if (!field) throw new InvalidArgumentError('There is no such field; `isoflop sweep --help` lists them.')
  return field
}

function parseList(text: string): string[] {
  const parts = [...new Set(text.split(',').map((part) => part.trim()))].filter(Boolean)
  if (parts.length < 2 || parts.length > mostSweepValues)
    throw new InvalidArgumentError(`Give 2 to ${mostSweepValues} values with commas between them.`)
  return parts
}

const parseValues = (text: string): SweepValue[] => parseList(text).map((part) => parseNumber(part) ?? part)

function parseTimes(text: string): number[] {
  return parseList(text).map((part) => {
    const factor = parseNumber(part)
    if (factor === null || !(factor > 0))
      throw new InvalidArgumentError('Multiples are numbers above 0, such as 0.5,1,2.')
    return factor
  })
}
