// How the best learning rate and batch move with size and data: Step Law's form (Li et al. 2025, arXiv 2503.04715),
// fitted to the optima that sweeps found.
import { rounded } from '../numbers.ts'
import { powerAt, type PowerRule, powerRuleText } from '../family/power-rule.ts'
import type { Recipe } from '../family/recipe.ts'
import { fitLine } from '../scaling/power-law.ts'
import { settled, sweepCurves, type SweepRun } from './curves.ts'

export type LawField = 'peakLearningRate' | 'batchTokens'

export const isLawField = (field: string | null): field is LawField =>
  field === 'peakLearningRate' || field === 'batchTokens'

/** The field of a recipe that holds the law by which a field that is left open is decided. */
export const lawFields = { peakLearningRate: 'peakLearningRateLaw', batchTokens: 'batchTokensLaw' } as const

/** The recipe by which each member gets its own rate or batch. */
export const withLaw = (recipe: Recipe, law: RateLaw): Recipe => ({
  ...recipe,
  [law.field]: null,
  [lawFields[law.field]]: powerRuleText(law),
})

/** A batch is in tokens, as D is. */
export interface RateLaw extends PowerRule {
  field: LawField
  /** Sizes whose optimum lies inside what was tried. */
  sizes: number
  /** The largest of them, and the most tokens any of them had. */
  largest: { parameters: number; tokens: number }
  /** N and D rise together in these runs, so that one exponent stands for both. */
  isOneLine: boolean
}

/** As published: N without embeddings, 60 M to 1 B parameters, AdamW, cosine to 1e-5. */
export const stepLaw: Record<LawField, PowerRule> = {
  peakLearningRate: { coefficient: 1.79, size: -0.713, tokens: 0.307 },
  batchTokens: { coefficient: 0.58, size: 0, tokens: 0.571 },
}

/** A law of few sizes is trusted this many times beyond the largest. */
const farBeyond = 10

/** Below this share of its own spread, ln D adds nothing to ln N. */
const leastOwnSpread = 0.1

/**
 * Least squares on logarithms over the optima; null with fewer than two sizes. A batch follows D alone, as Step Law
 * finds; a rate follows N and D where the runs tell them apart.
 */
export function rateLawOf(all: readonly SweepRun[], field: LawField): RateLaw | null {
  const optima = settled(sweepCurves(all, field)).flatMap(({ id, parameters, valley }) => {
    const tokens = all.find(({ run }) => run.memberId === id)?.plan.member.tokens
    return tokens && valley.between > 0
      ? [{ n: Math.log(parameters), d: Math.log(tokens), y: Math.log(valley.between) }]
      : []
  })
  const ns = optima.map(({ n }) => n)
  const ds = optima.map(({ d }) => d)
  const ys = optima.map(({ y }) => y)
  const largest = { parameters: Math.exp(Math.max(...ns)), tokens: Math.exp(Math.max(...ds)) }
  const whole = { field, sizes: optima.length, largest }
  if (field === 'batchTokens') {
    if (new Set(ds).size < 2) return null
    const { slope, intercept } = fitLine(ds, ys)
    return { ...whole, coefficient: Math.exp(intercept), size: 0, tokens: slope, isOneLine: false }
  }
  if (new Set(ns).size < 2) return null
  const along = fitLine(ns, ds)
  const own = optima.map(({ n, d }) => d - along.intercept - along.slope * n)
  const spread = (values: number[]) => Math.max(...values) - Math.min(...values)
  if (optima.length < 3 || spread(own) < leastOwnSpread * Math.max(spread(ds), spread(ns))) {
    const { slope, intercept } = fitLine(ns, ys)
    return { ...whole, coefficient: Math.exp(intercept), size: slope, tokens: 0, isOneLine: true }
  }
  // Frisch-Waugh: what D says beyond N, then what N says beside it.
  const tokens = fitLine(own, ys).slope
  const { slope, intercept } = fitLine(
    ns,
    optima.map(({ d, y }) => y - tokens * d),
  )
  return { ...whole, coefficient: Math.exp(intercept), size: slope, tokens, isOneLine: false }
}

/** The law beside the published one, and what both say of a member; for every door. */
export function rateLawWords(law: RateLaw, member?: { name: string; parameters: number; tokens: number }): string {
  const what = law.field === 'peakLearningRate' ? 'rate' : 'batch (tokens)'
  const published = stepLaw[law.field]
  const said = (rule: PowerRule) => powerRuleText(rule, 3).replaceAll('^-', '^−')
  const fitted = `Best ${what} = ${said(law)} over ${law.sizes} sizes${law.isOneLine ? ' (N and D rise together here, so one exponent stands for both)' : ''}; Step Law: ${said(published)} (Li et al. 2025).`
  if (!member) return fitted
  const value = (one: PowerRule) => rounded(powerAt(one, member.parameters, member.tokens), 3)
  const beyond = Math.max(member.parameters / law.largest.parameters, member.tokens / law.largest.tokens)
  const warning =
    beyond > farBeyond ? ` That is ${rounded(beyond, 2)} times as far as was swept, so try it with a short sweep.` : ''
  return `${fitted} For ${member.name}: ${value(law)}, by Step Law ${value(published)}.${warning}`
}
