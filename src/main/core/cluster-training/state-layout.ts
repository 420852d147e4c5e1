// How the store's memory lies in its two files: what it holds, and how many bytes of it.
import { bytesANumber, type Layout } from './layout.ts'

export const stateKinds = ['parameters', 'firstMoments', 'secondMoments'] as const
export type StateKind = (typeof stateKinds)[number]

/** step, global norm of its gradient, and a check that both were written whole. */
export const headerNumbers = 3

/** Bytes of its two files for a model. */
export const stateFileBytes = ({ count }: Layout): Record<string, number> => ({
  state: 2 * stateKinds.length * count * bytesANumber,
  committed: 2 * headerNumbers * 8,
})
