// A study: one question. One corpus, one tokenizer, one recipe, one ladder, and the runs they made.
import type { Ladder } from './family/ladder.ts'
import type { Recipe } from './family/recipe.ts'
import type { StudyLock } from './study-lock.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

export interface Study {
  id: string
  name: string
  corpusId: string
  tokenizer: TokenizerChoice
  recipe: Recipe
  ladder: Ladder
  isArchived: boolean
  /** Of a study that came as a locked file: what its trainings came to where it was made. */
  lock?: StudyLock
  createdMs: number
  updatedMs: number
}

/** What a person may change; the rest is the lab's. */
export type StudyChanges = Partial<Pick<Study, 'name' | 'corpusId' | 'tokenizer' | 'recipe' | 'ladder' | 'isArchived'>>

/** A study as one JSON file: everything needed to make the same plan elsewhere. */
export interface StudyDocument {
  format: 'isoflop-study'
  version: 1
  name: string
  corpus: { id: string; name: string; documents: number; bytes: number }
  tokenizer: TokenizerChoice
  recipe: Recipe
  ladder: Ladder
  /** Of a locked one: what makes the same losses, and what they were. */
  lock?: StudyLock
}
