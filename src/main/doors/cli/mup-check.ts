// `isoflop mup-check`: do activations keep their size as models widen, and does the best learning rate stay put.
import { InvalidArgumentError, Option } from 'commander'
import { rounded } from '#shared/numbers.ts'
import type { Check, CheckChoices, CheckKind } from '#shared/mup/check.ts'
import { checkKinds } from '#shared/mup/check.ts'
import { mostSeeds } from '#shared/bounds.ts'
import { planCheck } from '#shared/mup/plan.ts'
import { coordinateVerdicts, transferVerdicts, transferWords } from '#shared/mup/verdict.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { engineOptions, refuseAbsentEngine, withSettings, type EngineOptions } from './engine.ts'
import { duration, parseAmount, parseWhole, table } from './amounts.ts'
import { findStudy, studyCalled } from './find.ts'
import { corpusReady, tokensReady, waitFor, withLab } from './lab.ts'
import type { CommandContext, CommandPart } from './program.ts'

interface MupCheckOptions extends EngineOptions {
  study?: string
  kind?: CheckKind
  widths?: number[]
  layers?: number
  steps?: number
  learningRates?: number[]
  seeds?: number
}

/** The study that checks without `--study` belong to. */
const ownStudy = 'muP check'

export const mupCheckCommand: CommandPart = (program, act) => {
  engineOptions(program.command('mup-check'))
    .description(
      'train small models by standard parametrization and by muP: activations against width, best learning rate against width',
    )
    .option(
      '--study <study>',
      'whose text and recipe to take: its id or its name; else the bundled text and the starter recipe',
    )
    .addOption(new Option('--kind <kind>', 'only this one').choices([...checkKinds]))
    .option('--widths <widths>', 'such as 64,128,256', listOf(parseWhole(4, 4096)))
    .option('--layers <count>', 'blocks of every model', parseWhole(1, 64))
    .option('--steps <count>', 'updates of every model', parseWhole(1, 100_000))
    .option(
      '--learning-rates <rates>',
      'such as 1e-3,2e-3,4e-3; the coordinate check takes the first',
      listOf(parseAmount),
    )
    .option('--seeds <count>', 'trainings of every model of the sweep', parseWhole(1, mostSeeds))
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop mup-check
  $ isoflop mup-check --kind coordinates --widths 64,128,256,512 --json`,
    )
    .action(
      act((context, options: MupCheckOptions) =>
        withLab(context, async (lab) => {
          const kinds = options.kind ? [options.kind] : checkKinds
          // What cannot be is said before a study is made or a text is read.
          const basis = { vocabulary: 1, engine: 'reference', threads: 0 } as const
          for (const kind of kinds) planCheck(kind, choicesOf(options), { recipe: defaultRecipe, ...basis })
          await refuseAbsentEngine(lab, options, context)
          const study =
            options.study === undefined ? await studyCalled(lab, ownStudy) : await findStudy(lab, options.study)
          const corpus = await corpusReady(lab, study.corpusId, context)
          await tokensReady(lab, corpus, study.tokenizer, context)
          const found: Check[] = []
          for (const kind of kinds) found.push(await follow(lab, study, kind, options, context))
          return { document: documentOf(study, found), text: found.map(textOf).join('\n\n') }
        }),
      ),
    )
}

/** The departures from the usual choices that were asked for. */
const choicesOf = ({ widths, layers, steps, learningRates, seeds }: MupCheckOptions): Partial<CheckChoices> =>
  Object.fromEntries(
    Object.entries({ widths, layers, steps, learningRates, seeds }).filter(([, value]) => value !== undefined),
  )

async function follow(
  lab: LabHost,
  study: Study,
  kind: CheckKind,
  options: MupCheckOptions,
  context: CommandContext,
): Promise<Check> {
  const { terminal, signal } = context
  const { engine, threads } = options
  terminal.progress('Choosing the engine')
  const { id } = await withSettings(lab, { engine, threads }, context, () =>
    lab.startCheck(study.id, kind, choicesOf(options)),
  )
  const words = kind === 'coordinates' ? 'Reading activations' : 'Trying learning rates'
  try {
    return await waitFor(lab, 'check', signal, async () => {
      const check = (await lab.listChecks(study.id)).find((one) => one.id === id)!
      if (check.state === 'finished') return check
      if (check.state === 'failed' || check.code === 'disk-full')
        throw new Fault(check.code ?? 'failed', check.message ?? 'The check failed.')
      if (check.state === 'cancelled' || check.state === 'interrupted')
        throw new Fault('cancelled', 'The check was cancelled.')
      const left = check.secondsLeft === null ? '' : `, about ${duration(check.secondsLeft)} left`
      terminal.progress(check.message ?? `${words}: ${Math.floor(100 * check.share)} %${left}`)
      return undefined
    })
  } catch (error) {
    await lab.stopCheck(id)
    throw error
  }
}

function documentOf(study: Study, checks: readonly Check[]): unknown {
  const of = (kind: CheckKind) => checks.find((check) => check.kind === kind)
  const [coordinates, transfer] = [of('coordinates'), of('transfer')]
  return {
    studyId: study.id,
    ...(coordinates
      ? {
          coordinates: {
            ...coordinates.choices,
            engine: coordinates.engine,
            verdicts: coordinateVerdicts(coordinates.coordinates),
            points: coordinates.coordinates,
          },
        }
      : {}),
    ...(transfer
      ? {
          transfer: {
            ...transfer.choices,
            engine: transfer.engine,
            verdicts: transferVerdicts(transfer.transfer),
            points: transfer.transfer,
          },
        }
      : {}),
  }
}

const names = { standard: 'standard', mup: 'muP' } as const

function textOf(check: Check): string {
  return check.kind === 'coordinates' ? coordinatesText(check) : transferText(check)
}

function coordinatesText({ coordinates, choices }: Check): string {
  const verdicts = coordinateVerdicts(coordinates)
  const { widths } = choices
  const rows = verdicts.flatMap(({ parametrisation, step, spreads }) =>
    spreads.map(({ place, block, ratio }) => [
      `${names[parametrisation]}, ${place}${block ?? ''}`,
      ...widths.map((width) =>
        digits(
          coordinates.find(
            (one) =>
              one.parametrisation === parametrisation &&
              one.step === step &&
              one.width === width &&
              one.place === place &&
              one.block === block,
          )!.rms,
        ),
      ),
      ratio.toFixed(2),
    ]),
  )
  return [
    `Activation RMS after ${choices.steps} updates at learning rate ${choices.learningRates[0]}, by width:`,
    table(['', ...widths.map(String), 'largest / smallest'], rows),
    ...verdicts.map(
      ({ parametrisation, worst, isStable }) =>
        `${names[parametrisation]}: ${isStable ? 'activations keep their size' : 'activations change with the width'} (at most ${worst.ratio.toFixed(2)} times, ${worst.place}${worst.block ?? ''}).`,
    ),
  ].join('\n')
}

function transferText({ transfer, choices }: Check): string {
  const verdicts = transferVerdicts(transfer)
  const rows = verdicts.flatMap(({ parametrisation, best }) =>
    best.map(({ width, learningRate, between, loss, isAtEdge }) => [
      `${names[parametrisation]}, ${width}`,
      digits(learningRate),
      isAtEdge ? 'at the edge' : digits(between),
      loss.toFixed(4),
    ]),
  )
  return [
    `Best of ${choices.learningRates.length} peak learning rates after ${choices.steps} updates, by width:`,
    table(['', 'best tried', 'between', 'validation loss'], rows),
    ...verdicts.map((verdict) => `${names[verdict.parametrisation]}: ${transferWords(verdict)}`),
  ].join('\n')
}

const digits = (value: number): string =>
  value >= 1e-3 && value < 1e4 ? String(rounded(value)) : value.toExponential(2)

function listOf(parse: (text: string) => number): (text: string) => number[] {
  return (text) => {
    const parts = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
    if (parts.length === 0) throw new InvalidArgumentError('It must be numbers with commas between them.')
    return parts.map(parse)
  }
}
