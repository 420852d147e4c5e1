// `isoflop forecast`: what a law says of a budget that nobody has spent yet.
import { Option } from 'commander'
import { Fault } from '#shared/fault.ts'
import { forecastAt, intervalOf, type Interval } from '#shared/scaling/bootstrap.ts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import { lawWarnings, surfaceWarnings } from '#shared/scaling/warnings.ts'
import { lossUnits, type LossUnit } from '#shared/loss-unit.ts'
import { holdOut } from '#shared/scaling/law.ts'
import { heldOutTimes } from '#shared/scaling/law-times.ts'
import { allocationByRatio, optimalAllocation } from '#shared/scaling/optimum.ts'
import { parseAmount, parseNumber, parseWhole, short } from './amounts.ts'
import {
  bootstrapOptions,
  bootstrapRemarks,
  curveBootstrap,
  curveDocument,
  type FitOptions,
  fitPoints,
  fitSurfaceForm,
  formOptions,
  lawForms,
  statusWords,
  surfaceBootstrap,
  surfaceDocument,
} from './fit.ts'
import { allocationByRecipe } from '#shared/family/allocation.ts'
import { flopsConventionNames, parameterCountNames } from '#shared/family/counting.ts'
import { lossOfRepeats } from '#shared/scaling/repeated.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { redrawSurface, surfaceForecastAt } from '#shared/scaling/surface-forecast.ts'
import { scoreAnswer, type ScoreOptions } from './forecast-score.ts'
import { curvePoints, robustRemark, surfacePoints } from './points.ts'
import { type Answer, type CommandContext, type CommandPart, usageError } from './program.ts'
import { repeatsOf, repeatsText } from './repeated-text.ts'
import { lossFactor, type StudyPoints } from './study-points.ts'

interface ForecastOptions extends Omit<ScoreOptions, 'flops'> {
  flops?: number
  tokensPerParameter?: number
  text?: number
  unit: LossUnit
}

export const forecastCommand: CommandPart = (program, act) => {
  formOptions(
    program
      .command('forecast')
      .description('forecast the loss of a budget, with the size and the tokens to spend it on'),
    lawForms,
  )
    .option('--flops <amount>', 'the budget; power laws read it in the unit of --x, surfaces as 6 N D', parseAmount)
    .option(
      '--tokens-per-parameter <number>',
      'how power laws split a budget: by 6 N D; else as the study does, or 20',
      parseAmount,
    )
    .option(
      '--text <tokens>',
      'different tokens of the text, which a budget that needs more reads again; else those of the study',
      parseAmount,
    )
    .addOption(
      new Option('--unit <unit>', 'of the forecast loss of a study; laws are fitted in nats per token')
        .choices([...lossUnits])
        .default('nats-per-token'),
    )
    .option(
      '--task <name>',
      'a task’s score in place of the loss, from its results in a study or published ones; several with commas: their mean; core: the centred mean of all with rows; average: the seven',
    )
    .addOption(
      new Option('--metric <metric>', 'of the task; acc where it is not said').choices([
        'acc',
        'acc_norm',
        'answer_bits_per_byte',
      ]),
    )
    .option('--score <column>', 'of a file: the score beside compute (--x) and loss (--y)')
    .option(
      '--chance <share>',
      'of an accuracy: what guessing gives; else as the task says, or 0',
      parseNumber(0, 0.999),
    )
    .option('--published <family>', 'the seven tasks of Cerebras-GPT, Pythia … in place of a study; --task average')
    .option('--hold-out <count>', 'so many of the largest are left out to predict the largest', parseWhole(1, 100), 1)
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop forecast --points models.csv --x flops --y loss --flops 1e23 --json
  $ isoflop forecast --points runs.csv --n parameters --d tokens --loss loss --form surface --flops 5.76e23
  $ isoflop forecast --study "First light" --flops 1e14 --unit bits-per-byte
  $ isoflop forecast --study "First light" --task cloze --metric answer_bits_per_byte --flops 1e14
  $ isoflop forecast --study "First light" --task core --flops 1e14
  $ isoflop forecast --published Cerebras-GPT --task average --hold-out 2 --flops 1e23`,
    )
    .action(act(forecast, 'apart'))
}

async function forecast(context: CommandContext, options: ForecastOptions): Promise<Answer> {
  const { flops, form } = options
  if (flops === undefined) throw new Fault('bad-input', 'Say which budget to forecast: --flops 1e20.')
  if (options.task !== undefined || options.score !== undefined || options.published !== undefined) {
    if (options.unit !== 'nats-per-token')
      throw usageError('--unit is of a loss; a task’s score has its own: --metric answer_bits_per_byte.')
    return scoreAnswer(context, { ...options, flops: undefined }, flops)
  }
  const fitOptions = { ...options, flops: undefined } as FitOptions
  if (form === 'power' || form === 'offset-power') {
    const { points: given, names, remarks: said, study } = await curvePoints(context, fitOptions)
    const perNat = lossFactor(options.unit, study)
    const { points, found, left } = fitPoints(form, given, fitOptions, names)
    const bootstrap = curveBootstrap(found, points, fitOptions)
    const warnings = lawWarnings(points, found, bootstrap, [flops])
    const remarks = [...left, ...robustRemark(warnings, fitOptions), ...said, ...warnings.map(({ text }) => text)]
    const fresh = evaluateCurve(found, flops)
    const { allocation, words } = allocationOf(study, options.tokensPerParameter, flops)
    const repeats = repeatsOf(allocation.tokens, options.text, study)
    const loss =
      perNat * (repeats ? lossOfRepeats(found, flops, allocation.tokens, repeats.unique, repeats.repeats) : fresh)
    const interval = scaled(bootstrap ? forecastAt(bootstrap, flops) : null, loss / fresh)
    const heldOut = holdOut(points, 1, {
      form,
      objective: fitOptions.objective,
      ...bootstrapOptions(fitOptions),
      resamples: 200,
    })
    return {
      document: {
        form,
        flops,
        loss,
        unit: options.unit,
        interval,
        allocation,
        repeats,
        heldOut: heldOut && heldOutTimes(heldOut, perNat),
        warnings,
        fit: curveDocument(found, bootstrap),
      },
      text: [
        ...lossLines(flops, loss, interval, fitOptions, options.unit),
        `${words}: ${short(allocation.parameters)} parameters, ${short(allocation.tokens)} tokens`,
        ...repeatsText(repeats),
        ...(heldOut ? [`Without its largest point the law misses it by ${(100 * heldOut.error).toFixed(2)} %.`] : []),
        statusWords[found.status],
        ...remarks,
      ].join('\n'),
    }
  }
  if (form === 'isoflop' || form === 'repeated')
    throw new Fault('bad-input', 'Only a surface or a power law forecasts a loss: --form surface or offset-power.')
  const { points, remarks: said, study } = await surfacePoints(context, fitOptions, fitOptions.c)
  const perNat = lossFactor(options.unit, study)
  const found = fitSurfaceForm(form, points)
  const bootstrap = surfaceBootstrap(found, points, fitOptions)
  const best = optimalAllocation(found, flops)
  const over = (read: (one: ReturnType<typeof optimalAllocation>) => number): Interval | null => {
    if (!bootstrap?.intervals) return null
    const { low, high } = intervalOf(
      bootstrap.surfaces.map((surface) => read(optimalAllocation(surface, flops))),
      bootstrap.options.confidence,
    )
    return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null
  }
  // Of the loss, where one training of that size would land: the same definition as for curves.
  const redraws = bootstrap && redrawSurface(found.form, found, points, bootstrap.options)
  const repeats = repeatsOf(best.tokens, options.text, study)
  const loss = perNat * (repeats ? evaluateSurface(found, best.parameters, repeats.worth) : best.loss)
  const interval = scaled(redraws && surfaceForecastAt(redraws, best.parameters, best.tokens), loss / best.loss)
  const remarks = [...bootstrapRemarks(bootstrap), ...said]
  const warnings = surfaceWarnings(points, [flops])
  return {
    document: {
      form,
      flops,
      ...best,
      loss,
      unit: options.unit,
      repeats,
      interval,
      intervals: bootstrap?.intervals && {
        parameters: over((one) => one.parameters),
        tokens: over((one) => one.tokens),
        tokensPerParameter: over((one) => one.tokensPerParameter),
      },
      ...(remarks.length ? { remarks } : {}),
      warnings,
      fit: surfaceDocument(found, bootstrap),
    },
    text: [
      ...lossLines(flops, loss, interval, fitOptions, options.unit),
      `best split (6 N D): ${short(best.parameters)} parameters, ${short(best.tokens)} tokens, ${best.tokensPerParameter.toPrecision(3)} tokens per parameter`,
      ...repeatsText(repeats),
      statusWords[found.status],
      ...remarks,
      ...warnings.map(({ text }) => text),
    ].join('\n'),
  }
}

const scaled = (interval: Interval | null, times: number): Interval | null =>
  interval && { low: interval.low * times, high: interval.high * times }

/** By a ratio that was asked for, else as the study's recipe counts, else by the usual rule. */
function allocationOf(study: StudyPoints | null, tokensPerParameter: number | undefined, flops: number) {
  if (study === null || tokensPerParameter !== undefined) {
    const allocation = allocationByRatio(flops, tokensPerParameter ?? 20)
    return { allocation, words: `${allocation.tokensPerParameter} tokens per parameter (6 N D)` }
  }
  const { countedParameters, flopsConvention } = study.recipe
  return {
    allocation: allocationByRecipe(flops, study),
    words: `${study.recipe.tokensPerParameter} tokens per parameter (${parameterCountNames[countedParameters]}; FLOPs: ${flopsConventionNames[flopsConvention]})`,
  }
}

const unitWords: Record<LossUnit, string> = { 'nats-per-token': 'nats', 'bits-per-byte': 'bits per byte' }

const lossLines = (
  flops: number,
  loss: number,
  interval: Interval | null,
  options: FitOptions,
  unit: LossUnit,
): string[] => [
  `${flops.toExponential(3)} FLOPs: loss ${loss.toFixed(4)} ${unitWords[unit]}` +
    (interval
      ? ` (${(100 * bootstrapOptions(options).confidence).toPrecision(3)} %: ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)})`
      : ''),
]
