// Every schema of the contract equals its type: where one says more or less than the other, this does not compile.
import { expect, it } from 'vitest'
import type { z } from 'zod'
import type { Lab } from '#shared/lab.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { StudyDocument } from '#shared/study.ts'
import { checkArguments, requests } from '#main/lab/requests.ts'
import type { recipe, ladder } from '#main/lab/study-schemas.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import type { Ladder } from '#shared/family/ladder.ts'

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** What a request's schemas let in, and what its type takes, as unions over its arguments. */
type LetIn<K extends keyof Lab> = z.output<(typeof requests)[K][keyof (typeof requests)[K]]>
type Taken<K extends keyof Lab> = Parameters<Lab[K]>[number]
type Equal = { [K in keyof Lab]: Same<LetIn<K>, Taken<K>> }

/** Files of a person's own, which their rooms read themselves; a study is asked for below. */
type ReadByRooms = 'importStudy' | 'saveClusterMachine' | 'saveOpennessRow' | 'searchPlans'
/** No text is cut by a model's tokenizer because a request says so; a run that goes on from the model does it. */
type WithoutModelTokenizer = 'updateStudy' | 'tokenizeCorpus' | 'sampleCorpus'

const isEqual = {} as Equal
void (isEqual satisfies Record<Exclude<keyof Lab, ReadByRooms | WithoutModelTokenizer>, true>)
const areEqual = {} as [Same<z.output<typeof recipe>, Recipe>, Same<z.output<typeof ladder>, Ladder>]
void (areEqual satisfies [true, true])
const document = {} as z.output<typeof requests.importStudy.document>
void (document satisfies StudyDocument)

it('every request of the contract has a schema, and no other', () => {
  expect(Object.keys(requests).sort()).toEqual([...labRequests].sort())
})

it('a name keeps its letters and loses what would command a terminal', () => {
  expect(checkArguments('createStudy', ['a\u001b[31m\u202eÖ\n\u0007b'])).toEqual(['a[31mÖ b'])
  expect(() => checkArguments('createStudy', ['\u001b\u202e'])).toThrow('must not be empty')
})
