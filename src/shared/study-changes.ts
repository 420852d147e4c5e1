// A study with changes, and what follows from them.
import { ladderAfter } from './family/dial.ts'
import type { PlanBasis } from './family/plan.ts'
import type { Study, StudyChanges } from './study.ts'
import { vocabularyOf } from './tokenizer/vocabulary.ts'

/**
 * The study with these changes. A changed tokenizer or recipe takes a ladder that stands on its dial with it, unless a
 * ladder comes as well: `ladder` is then another one.
 */
export function changedStudy(study: Study, changes: StudyChanges): Study {
  const changed = { ...study, ...changes }
  if (changes.ladder || !(changes.tokenizer || changes.recipe)) return changed
  return { ...changed, ladder: ladderAfter(study.ladder, basisOf(study), basisOf(changed)) }
}

const basisOf = ({ recipe, tokenizer }: Study): PlanBasis => ({ recipe, vocabulary: vocabularyOf(tokenizer) })
