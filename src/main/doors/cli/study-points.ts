// The finished runs of a study as the points of `fit` and `forecast`.
import type { TokenizedCorpus } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import { isAtRatio } from '#shared/family/additions.ts'
import { tokensStretch } from '#shared/family/schedule.ts'
import type { PlanBasis } from '#shared/family/plan.ts'
import { groupedBy } from '#shared/grouped.ts'
import { bytesPerScoredToken, lossIn, type LossUnit } from '#shared/loss-unit.ts'
import { canRescore, type RunSummary } from '#shared/run.ts'
import { countedRepeats } from '#shared/repeats.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import type { SurfacePoint } from '#shared/scaling/points.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { findStudy } from './find.ts'
import { isSameTokenizer, readLab } from './lab.ts'
import { type CommandContext, usageError } from './program.ts'

export interface StudyPoint extends SurfacePoint {
  flops: number
  name: string
  /** Trained on the study's tokens per parameter. */
  isOnLine: boolean
}

export interface StudyPoints extends PlanBasis {
  runs: StudyPoint[]
  /** Of the text; null where it is not tokenized here. */
  trainTokens: number | null
  /** UTF-8 bytes per token scored, of the texts that the runs read, each once; null of one that is not here. */
  bytesPerToken: (number | null)[]
  /** What a person must know of them. */
  remarks: string[]
}

function remarksOf(counted: readonly { run: RunSummary }[], passedOver: number): string[] {
  const inPart = counted.filter(({ run }) => canRescore(run)).length
  return [
    ...(passedOver === 0
      ? []
      : [
          `Passed over: ${passedOver} finished run${passedOver === 1 ? '' : 's'}; a newer one of the same member stands for ${passedOver === 1 ? 'it' : 'them'}, by the same seed or in another setting.`,
        ]),
    ...(inPart === 0
      ? []
      : [
          `${inPart} run${inPart === 1 ? ' was' : 's were'} scored by an older version on a part of the validation split; \`isoflop rescore\` scores the whole.`,
        ]),
  ]
}

/** The finished trainings of a study that count, repeats of one seed once. */
export const studyRuns = (context: CommandContext, wanted: string): Promise<StudyPoints> =>
  readLab(context, (lab) => runsOfStudy(lab, wanted))

export async function runsOfStudy(lab: LabHost, wanted: string): Promise<StudyPoints> {
  const { id, recipe, tokenizer, corpusId } = await findStudy(lab, wanted)
  const [corpora, tokens] = [await lab.listCorpora(), await lab.listTokenized()]
  const tokensOf = (read: Pick<TokenizedCorpus, 'corpusId' | 'tokenizer'>) =>
    tokens.find(
      (one) =>
        one.corpusId === read.corpusId && isSameTokenizer(one.tokenizer, read.tokenizer) && one.state === 'finished',
    )
  const all = (await lab.listRuns(id)).filter(({ state, origin }) => state === 'finished' && !origin)
  if (all.length > 0 && all.every(({ validationLoss }) => validationLoss === null))
    throw new Fault(
      'bad-input',
      `None of the study's ${all.length} finished runs has a validation loss: the validation split of its text is shorter than one sequence. Train them on more text or with a shorter context.`,
    )
  const counted = countedRepeats(all)
  const repeats = groupedBy(counted, ({ run }) => run.memberId)
  const runs = counted.map(({ run, loss }): StudyPoint => {
    const { flops, parameters, countedParameters = parameters, tokens, cooldowns, memberId } = run
    const isRepeated = repeats.get(memberId)!.length > 1
    const name = isRepeated && run.seed !== undefined ? `${run.name}, seed ${run.seed}` : run.name
    const isOnLine = isAtRatio(tokens / (cooldowns ? tokensStretch('wsd-s') : 1) / countedParameters, recipe)
    return { flops, parameters, tokens, loss, name, isOnLine }
  })
  const passedOver = all.filter(({ validationLoss }) => validationLoss !== null).length - counted.length
  const plans = counted.length ? await lab.readRunPlans(counted.map(({ run }) => run.id)) : []
  const scored = plans.map((plan) =>
    bytesPerScoredToken(
      corpora.find((corpus) => corpus.id === plan.corpusId),
      tokensOf(plan),
    ),
  )
  return {
    runs,
    recipe,
    vocabulary: vocabularyOf(tokenizer),
    trainTokens: tokensOf({ corpusId, tokenizer })?.tokens.train ?? null,
    bytesPerToken: [...new Set(scored)],
    remarks: remarksOf(counted, passedOver),
  }
}

/** What the study's losses are multiplied by to be in the unit: one number, as its law is one. */
export function lossFactor(unit: LossUnit, study: StudyPoints | null): number {
  if (unit === 'nats-per-token') return 1
  if (!study) throw usageError('--unit goes with --study: of a file nobody knows the bytes per token.')
  const [bytes, ...others] = study.bytesPerToken
  if (others.length > 0)
    throw new Fault(
      'bad-input',
      'The runs of this study read different texts or tokenizers, so their losses are of no one law; `isoflop compare` holds such runs against each other.',
    )
  if (!bytes)
    throw new Fault('bad-input', 'The text of this study is not tokenized here, so its bytes per token are not known.')
  return lossIn(unit, bytes)
}
