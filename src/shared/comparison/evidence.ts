// What one study brings to a comparison: the points of its law with how each was trained, and its sweeps of the
// learning rate.
import type { EngineName } from '../engine.ts'
import { isAtRatio } from '../family/additions.ts'
import type { Recipe } from '../family/recipe.ts'
import { tokensStretch } from '../family/schedule.ts'
import type { GptShape } from '../family/shape.ts'
import { groupedBy } from '../grouped.ts'
import { type Finished, isCounted, repeatsOf } from '../repeats.ts'
import type { RunPlan, RunSummary } from '../run.ts'
import { valleyOf } from '../scaling/valley.ts'
import { meanOf } from '../statistics.ts'
import type { Study } from '../study.ts'
import { allBut } from '../sweep/fields.ts'
import type { TokenizerChoice } from '../tokenizer/choice.ts'

/** What a training read: its own text and tokenizer, whatever the study has now. */
export interface TextRead {
  corpusId: string
  name: string
  /** Equal for corpora of the same documents; null where it is not known any more. */
  content: string | null
  tokenizer: TokenizerChoice
  /** UTF-8 bytes of its validation split per token scored; null where it is not tokenized here. */
  bytesPerToken: number | null
}

/** One training that counts. */
export interface EvidencePoint {
  memberId: string
  name: string
  shape: GptShape
  flops: number
  tokens: number
  /** Of training, for repeats of a size the median. */
  seconds: number
  /** Nats per token. */
  loss: number
  seed: number
  peakLearningRate: number
  batchSequences: number
  /** Tokens of the validation split that gave the loss, and whether they are all of it. */
  validationTokens: number
  isWholeSplit: boolean
  engine: EngineName
  device: string | null
  threads: number
  text: TextRead
}

/** Trainings of one member that differ in their peak learning rate alone. */
export interface RateSweep {
  memberId: string
  name: string
  /** Ascending; of repeats the mean. */
  rates: { rate: number; loss: number }[]
  best: number
  /** Better than a slower and than a faster one; else the best may lie beyond what was tried. */
  isInterior: boolean
  /** What the member's points were trained with. */
  used: number
}

export interface StudyEvidence {
  studyId: string
  name: string
  recipe: Recipe
  points: EvidencePoint[]
  sweeps: RateSweep[]
}

export interface EvidenceBasis {
  study: Pick<Study, 'id' | 'name' | 'recipe'>
  runs: readonly RunSummary[]
  plans: readonly RunPlan[]
  /** Validation loss of a wsd-s run at the cooldown that has the recipe's tokens; null where it was not recorded. */
  cooldownLoss: (run: RunSummary) => number | null
  textOf: (plan: RunPlan) => TextRead
}

interface Counted extends Finished {
  plan: RunPlan
}

export function evidenceOf({ study, runs, plans, cooldownLoss, textOf }: EvidenceBasis): StudyEvidence {
  const planOf = new Map(plans.map((plan) => [plan.runId, plan]))
  const finished = runs.flatMap((run): Counted[] => {
    const plan = planOf.get(run.id)
    const loss = run.cooldowns ? cooldownLoss(run) : run.validationLoss
    if (!isCounted(run) || !plan || loss === null) return []
    const isOnLaw = isAtRatio(lawTokens(run) / (run.countedParameters ?? run.parameters), study.recipe)
    return isOnLaw ? [{ run, plan, loss }] : []
  })
  const byMember = groupedBy(finished, ({ run }) => run.memberId)
  const members = [...byMember.values()].map((all) => ({ all, counted: repeatsOf(all) }))
  return {
    studyId: study.id,
    name: study.name,
    recipe: study.recipe,
    points: members
      .flatMap(({ counted }) => pointsOf(counted, textOf))
      .sort((a, b) => a.flops - b.flops || a.seed - b.seed),
    sweeps: members.flatMap(({ all, counted }) => sweepOf(all, counted[0])),
  }
}

/** A wsd-s run has the recipe's tokens at its middle cooldown, half-way. */
const stretchOf = ({ cooldowns }: RunSummary): number => (cooldowns ? tokensStretch('wsd-s') : 1)

const lawTokens = (run: RunSummary): number => run.tokens / stretchOf(run)

function pointsOf(counted: readonly Counted[], textOf: EvidenceBasis['textOf']): EvidencePoint[] {
  const seconds = counted.map(({ run }) => run.elapsedMs / 1000 / stretchOf(run)).sort((a, b) => a - b)
  return counted.map(({ run, plan, loss }) => ({
    memberId: run.memberId,
    name: run.name,
    shape: plan.member.shape,
    flops: lawTokens(run) * run.flopsPerToken,
    tokens: lawTokens(run),
    seconds: seconds[Math.floor(seconds.length / 2)],
    loss,
    seed: run.seed ?? plan.seed,
    peakLearningRate: plan.member.peakLearningRate,
    batchSequences: plan.member.batchSequences,
    validationTokens: run.whole?.tokens ?? plan.validationSequences * plan.member.shape.context,
    isWholeSplit: run.whole !== undefined,
    engine: run.engine,
    device: run.device,
    threads: plan.threads,
    text: textOf(plan),
  }))
}

/** Of the trainings in all else like the one that counts, where three rates or more were tried. */
function sweepOf(all: readonly Counted[], counted: Counted): RateSweep[] {
  const key = allBut(counted.plan, 'peakLearningRate')
  const alike = all.filter(({ plan }) => allBut(plan, 'peakLearningRate') === key)
  const byRate = groupedBy(alike, ({ plan }) => plan.member.peakLearningRate)
  if (byRate.size < 3) return []
  const rates = [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([rate, of]) => ({ rate, loss: meanOf(of.map(({ loss }) => loss)) }))
  const valley = valleyOf(rates.map(({ rate, loss }) => ({ x: rate, loss })))!
  const { memberId, name } = counted.run
  return [
    { memberId, name, rates, best: valley.x, isInterior: !valley.isAtEdge, used: counted.plan.member.peakLearningRate },
  ]
}
