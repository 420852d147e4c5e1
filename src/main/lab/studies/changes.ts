// Which changes to a study would make its running trainings answer another question.
import type { Member } from '#shared/family/ladder.ts'
import type { Study, StudyChanges } from '#shared/study.ts'

/** A run that waits, trains or is paused. */
export interface UnderWay {
  name: string
  memberId: string
}

/** The sentence that refuses the change, or null where it is harmless. */
export function whatRunsInvalidate(study: Study, changes: StudyChanges, underWay: readonly UnderWay[]): string | null {
  if (underWay.length === 0) return null
  const what = (['corpusId', 'tokenizer', 'recipe'] as const).find(
    (field) => changes[field] !== undefined && !isSame(changes[field], study[field]),
  )
  if (what)
    return `${runsOf(underWay)} under way with the ${nounOf[what]} as it is. Stop or finish ${underWay.length === 1 ? 'it' : 'them'} first, or change a copy of the study.`
  if (!changes.ladder) return null
  const hit = underWay.filter(
    ({ memberId }) => !isSame(essence(study.ladder.members, memberId), essence(changes.ladder!.members, memberId)),
  )
  if (hit.length === 0) return null
  return `${runsOf(hit)} under way with the shape as it is. Stop or finish ${hit.length === 1 ? 'it' : 'them'} first, or change a copy of the study.`
}

const nounOf = { corpusId: 'corpus', tokenizer: 'tokenizer', recipe: 'recipe' }

const runsOf = (runs: readonly UnderWay[]): string =>
  runs.length === 1 ? `The run ${runs[0].name} is` : `The runs ${runs.map(({ name }) => name).join(', ')} are`

/** What a training depends on; the name and the switch are not part of it. */
function essence(members: readonly Member[], id: string): Partial<Member> | null {
  const member = members.find((one) => one.id === id)
  return member
    ? {
        layers: member.layers,
        width: member.width,
        heads: member.heads,
        tokensPerParameter: member.tokensPerParameter,
        published: member.published,
      }
    : null
}

/** Equal as plain data, whatever the order of the fields. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}
