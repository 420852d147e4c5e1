// The study that `isoflop train` works on: made as the options shape it, or one that is there.
import { resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { sizeName } from '#shared/family/names.ts'
import type { Dial, Ladder, MemberPlan } from '#shared/family/ladder.ts'
import type { PlanBasis } from '#shared/family/plan.ts'
import { countParameters } from '#shared/family/shape.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { listed } from '#shared/printable.ts'
import type { Study } from '#shared/study.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { exists } from '#main/platform/disk/files.ts'
import { optionNamed } from '#shared/repeat-run.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { corpusName, readCorpus } from './corpus.ts'
import type { EngineOptions } from './engine.ts'
import { corpusNamed, findStudy } from './find.ts'
import { ladderWithin } from './plan.ts'
import { usageError, type CommandContext } from './program.ts'
import { presetLadder, shapingFields, withLadderOptions, withRecipeOptions, type ShapingOptions } from './shaping.ts'

export interface TrainOptions extends ShapingOptions, EngineOptions {
  study?: string
  name?: string
  corpus?: string[]
  tokenizer?: TokenizerChoice
  family?: string
  budget?: number
  largest?: number
  shape?: [layers: number, width: number, heads: number]
  member?: string[]
  from?: string
  tokens?: number
  seed?: number
  seeds?: number
  systems?: number
  systemWeights?: number
  on?: string
  atOnce?: number
  gpus?: number
  gpusPerNode?: number
  processes?: number
  dryRun?: boolean
}

/** What only a new study can be given. */
const newStudyFields = [
  'name',
  'corpus',
  'tokenizer',
  'family',
  'budget',
  'largest',
  'shape',
  'seed',
  ...shapingFields,
] as const

/** A new study as the options shape it. */
export async function makeStudy(lab: LabHost, options: TrainOptions, context: CommandContext): Promise<Study> {
  const dials = (['family', 'budget', 'largest', 'shape'] as const).filter((name) => options[name] !== undefined)
  if (dials.length > 1) throw usageError(`--${dials[0]} and --${dials[1]} each make a ladder; give one of them.`)
  // A grid alone is no ladder beside another, but the starter's recipe and tokenizer are as good for it.
  const isGrid = dials.length === 0 && options.isoflop !== undefined
  const isOwn = (['budget', 'largest', 'shape'] as const).some((name) => options[name] !== undefined)
  const parts = isOwn ? null : studyPartsOf(options.family ?? starterPreset)
  const recipe = withRecipeOptions(parts?.recipe ?? defaultRecipe, options)
  const tokenizer = options.tokenizer ?? parts?.tokenizer ?? { kind: 'bpe', vocabulary: 512 }
  const basis = { recipe, vocabulary: vocabularyOf(tokenizer) }
  const ladder = withLadderOptions(
    isGrid ? null : parts ? presetLadder(parts, basis) : ownLadder(options, basis),
    options,
    basis,
  )
  if (options.member) chooseMembers(ladder.members, options.member)
  const corpusId = options.corpus ? await corpusOf(lab, options.corpus, context) : undefined
  const study = await lab.createStudy(options.name ?? (options.corpus ? corpusName(options.corpus) : 'Command line'))
  return lab.updateStudy(study.id, { recipe, tokenizer, ladder, ...(corpusId === undefined ? {} : { corpusId }) })
}

/** The ladder that a budget or a size makes, or the one member of a shape. */
function ownLadder({ budget, largest, shape }: TrainOptions, basis: PlanBasis): Ladder {
  if (!shape) {
    const dial: Dial =
      budget === undefined ? { kind: 'largest', parameters: largest! } : { kind: 'compute', flops: budget }
    return ladderWithin(dial, basis.recipe, basis.vocabulary)
  }
  const [layers, width, heads] = shape
  const size = { layers, width, heads }
  const parameters = countParameters({ ...size, context: basis.recipe.context, vocabulary: basis.vocabulary })
  const member = { ...size, id: `d${width}-l${layers}-h${heads}`, name: sizeName(size, basis), isEnabled: true }
  return { dial: { kind: 'largest', parameters }, members: [member] }
}

/** A study that is there, which no option may shape. */
export async function oldStudy(lab: LabHost, wanted: string, options: TrainOptions): Promise<Study> {
  const shaping = newStudyFields.find((name) => options[name] !== undefined)
  if (shaping)
    throw usageError(
      `${optionNamed(shaping)} shapes a new study, and --study names one that is there; give one of them.`,
    )
  return findStudy(lab, wanted)
}

/** A corpus of the lab by name or id, or one read from the paths. */
async function corpusOf(lab: LabHost, named: string[], context: CommandContext): Promise<string> {
  if (named.length === 1) {
    const known = await corpusNamed(lab, named[0])
    if (known && known.id !== named[0] && (await exists(resolve(named[0]))))
      context.terminal.note(
        `${known.name}: the corpus of the lab, as it was read. To read what lies here now, give ./${named[0]}.`,
      )
    if (known) return known.id
  }
  for (const path of named) {
    if (!(await exists(resolve(path))))
      throw new Fault(
        'not-found',
        `corpus: there is no file, folder or corpus called ${path}. \`isoflop corpus list\` lists the corpora.`,
      )
  }
  return (await readCorpus(lab, named, corpusName(named), context)).corpus.id
}

/** The way to delete what has been added since where no run came of it: what was refused changes nothing. */
export async function remember(lab: LabHost): Promise<() => Promise<void>> {
  const known = new Set([...(await lab.listStudies()), ...(await lab.listCorpora())].map(({ id }) => id))
  return async () => {
    const used = new Set((await lab.listRuns(null)).map(({ studyId }) => studyId))
    const kept: string[] = []
    const made: string[] = []
    for (const { id, corpusId } of await lab.listStudies()) {
      if (known.has(id) || used.has(id)) kept.push(corpusId)
      else {
        await lab.deleteStudy(id)
        made.push(id)
      }
    }
    for (const { id, origin } of await lab.listCorpora()) {
      if (known.has(id) || origin === 'bundled' || kept.includes(id)) continue
      await lab.deleteCorpus(id)
      made.push(id)
    }
    await lab.emptyDeleted(made) // nobody has seen it, and nobody will look for it among the deleted
  }
}

/** The members of these names or ids; `not-found` names one that is not there. */
function chooseMembers<T extends Pick<MemberPlan, 'name'> & { memberId?: string; id?: string }>(
  members: readonly T[],
  wanted: readonly string[],
): T[] {
  for (const name of wanted) {
    if (!members.some((member) => member.name === name || (member.memberId ?? member.id) === name)) {
      throw new Fault(
        'not-found',
        `member: there is none called "${name}". There are: ${listed(members.map((member) => member.name))}.`,
      )
    }
  }
  return members.filter((member) => wanted.includes(member.name) || wanted.includes((member.memberId ?? member.id)!))
}

/** The planned members that `--member` names; without it those that are switched on. */
export function membersMeant(
  plans: readonly MemberPlan[],
  ladder: Ladder,
  wanted: readonly string[] | undefined,
): MemberPlan[] {
  if (wanted) return chooseMembers(plans, wanted)
  const enabled = new Set(ladder.members.filter(({ isEnabled }) => isEnabled).map(({ id }) => id))
  return plans.filter(({ memberId }) => enabled.has(memberId))
}
