// What members are called: after their size, unless a person typed a name or a publication gave one.
import { rounded, withPrefix } from '../numbers.ts'
import type { Member, PublishedSchedule } from './ladder.ts'
import type { Recipe } from './recipe.ts'
import { countParameters } from './shape.ts'

/** The part of a plan's basis that sizes depend on. */
interface SizeBasis {
  recipe: Pick<Recipe, 'context'>
  vocabulary: number
}

/** 30.2k, 1.31M, 2.65B. */
export const shortCount = (count: number): string =>
  withPrefix(Math.round(count)).replace('\u00a0', '').replace('G', 'B')

/** Three significant digits: 40, 5.21, 0.313, 1250. */
export const ratioText = (perParameter: number): string =>
  String(perParameter >= 1000 ? Math.round(perParameter) : rounded(perParameter))

/** 137k, or 137k@40 where the member has 40 tokens per parameter of its own. */
export function sizeName(
  { layers, width, tokensPerParameter }: Pick<Member, 'layers' | 'width' | 'tokensPerParameter'>,
  { recipe, vocabulary }: SizeBasis,
): string {
  const size = shortCount(countParameters({ layers, width, heads: 1, context: recipe.context, vocabulary }))
  return tokensPerParameter === undefined ? size : `${size}@${ratioText(tokensPerParameter)}`
}

/**
 * What a member is called under this vocabulary and context. A name that reads as a size is that of its size here,
 * unless a person typed it, or it was published for just this vocabulary and context.
 */
export function memberName(member: Member, basis: SizeBasis): string {
  const { name, isNamed, layers, width } = member
  const hasSize = layers >= 1 && width >= 1
  return isNamed || !hasSize || !readsAsSize(name) || publishedFor(member, basis) ? name : sizeName(member, basis)
}

const readsAsSize = (name: string): boolean => /^\d+(\.\d+)?[kMBT]?(@\d+(\.\d+)?)?$/.test(name)

/**
 * A published schedule, while the study keeps to the vocabulary and the context it was published for, and the member
 * has no tokens of its own.
 */
export function publishedFor(
  { published, tokensPerParameter }: Pick<Member, 'published' | 'tokensPerParameter'>,
  { recipe, vocabulary }: SizeBasis,
): PublishedSchedule | null {
  return published &&
    tokensPerParameter === undefined &&
    published.vocabulary === vocabulary &&
    published.context === recipe.context
    ? published
    : null
}
