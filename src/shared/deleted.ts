// What was deleted and can be brought back for a while.

export const deletedKinds = ['study', 'run', 'corpus', 'model', 'evaluation'] as const
export type DeletedKind = (typeof deletedKinds)[number]

export interface DeletedItem {
  kind: DeletedKind
  id: string
  name: string
  /** Where it belongs, for people: the name of a run's study; null where the name says it all. */
  of: string | null
  /** What its files take. */
  bytes: number
  deletedMs: number
  /** It is forgotten when the lab opens after that. */
  keptUntilMs: number
}
