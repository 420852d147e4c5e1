// `isoflop try`: the twin of a study with one field of its recipe changed; its cost, and its trainings when asked.
import { InvalidArgumentError } from 'commander'
import { mostSeeds } from '#shared/bounds.ts'
import { type RecipeChange, type TrialCost, usualTrial } from '#shared/comparison/trial.ts'
import { formatSeconds, plural, withPlainSpaces, withPrefix } from '#shared/numbers.ts'
import { parseWhole } from './amounts.ts'
import { findStudy } from './find.ts'
import { engineOptions, type EngineOptions, refuseAbsentEngine, withSettings } from './engine.ts'
import { followRuns } from './follow.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import type { Answer, CommandContext, CommandPart } from './program.ts'
import { runsText } from './runs.ts'

interface TryOptions extends EngineOptions {
  set: RecipeChange
  seeds: number
  sweep: boolean
  start?: boolean
}

export const tryCommand: CommandPart = (program, act) => {
  const command = program
    .command('try')
    .description('try a change: the twin of a study with one field of its recipe changed, its sweep and its seeds')
    .argument('<study>', 'its id, its name, or the beginning of either')
    .requiredOption(
      '--set <field=value>',
      'the field of the recipe, as options call it, such as decay=wsd',
      parseChange,
    )
    .option('--seeds <count>', 'trainings of every member', parseWhole(1, mostSeeds), usualTrial.seeds)
    .option('--no-sweep', 'without the sweep of the learning rate at the smallest member')
    .option('--start', 'makes the twin and trains it; without it only the cost is told')
  engineOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop try Standard --set decay=wsd                 what it would cost
  $ isoflop try Standard --set decay=wsd --start         the same, made and trained
  $ isoflop compare Standard "Standard, decay wsd"`,
    )
    .action(act(tryChange))
}

async function tryChange(context: CommandContext, options: TryOptions, wanted: string): Promise<Answer> {
  return withLab(context, async (lab) => {
    const { id, corpusId, tokenizer } = await findStudy(lab, wanted)
    const choices = { seeds: options.seeds, isSwept: options.sweep }
    const cost = await lab.trialCost(id, options.set, choices)
    if (!options.start) return { document: { cost }, text: costText(cost, 'With --start it begins.') }
    await refuseAbsentEngine(lab, options, context)
    await tokensReady(lab, await corpusReady(lab, corpusId, context), tokenizer, context)
    context.terminal.note(costText(cost))
    const { engine, threads } = options
    const study = await withSettings(lab, { engine, threads }, context, () => lab.beginTrial(id, options.set, choices))
    const begun = (await lab.listRuns(study.id)).map((run) => run.id)
    const runs = await followRuns(lab, begun, context)
    return { document: { studyId: study.id, cost, runs }, text: runsText(runs) }
  })
}

/** Ends with what stands in the way, or with what comes next. */
function costText({ name, sweepRuns, seedRuns, flops, seconds, problem }: TrialCost, next = ''): string {
  const runs = [...(sweepRuns ? [`${sweepRuns} for the learning rate`] : []), `${seedRuns} of its members`].join(
    ' and ',
  )
  const time =
    seconds === null
      ? 'a time that is not known, for this machine was not measured'
      : `about ${formatSeconds(seconds)} here`
  const text = `“${name}”: ${plural(sweepRuns + seedRuns, 'training')}, ${runs}; ${withPrefix(flops, 'FLOP')}, ${time}.`
  return withPlainSpaces(`${text} ${problem ?? next}`.trimEnd())
}

/** `decay=wsd`, `peak-learning-rate=5e-3`, `batch-tokens=rule`; the lab says whether the field and the value can be. */
function parseChange(text: string): RecipeChange {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Write it as FIELD=VALUE, such as decay=wsd.')
  const field = text
    .slice(0, at)
    .trim()
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const value = text.slice(at + 1).trim()
  const number = Number(value)
  return { [field]: value === 'rule' ? null : Number.isNaN(number) ? value : number }
}
