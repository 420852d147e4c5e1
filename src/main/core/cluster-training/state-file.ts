// The store's memory that outlives it: weights and moments twice over, and which of the two counts. A commit is one
// small write.
import type { ModelState } from '#main/core/engine/engine.ts'
import { headerNumbers, stateKinds, type StateKind } from './state-layout.ts'
import type { Layout } from './layout.ts'
import type { Links } from './links.ts'

export interface Committed {
  step: number
  norm: number
}

export interface StateFile {
  /** The last update that counts. */
  committed(): Committed
  /** Fills `into` with what an update has committed, from `offset` of the row on. */
  copy(step: number, kind: StateKind, offset: number, into: Float32Array): void
  /** What is committed, in new numbers. */
  read(kind: StateKind, offset: number, count: number): Float32Array
  /** Writes into the half that does not count yet. */
  prepare(step: number, kind: StateKind, offset: number, values: Float32Array): void
  /** From now on the prepared half counts. */
  commit(next: Committed): void
  /** The same, and whatever was committed before is forgotten. */
  begin(next: Committed): void
  close(): void
}

export function openStateFile(
  { numbers: open, headers: openHeaders }: Pick<Links, 'numbers' | 'headers'>,
  { count }: Layout,
): StateFile {
  const numbers = open('state')
  const headers = openHeaders('committed')
  const placeOf = (step: number, kind: StateKind) => ((step % 2) * stateKinds.length + stateKinds.indexOf(kind)) * count
  const check = ({ step, norm }: Committed) => -(step + 1) - (Number.isFinite(norm) ? norm : 0)

  /** An update is written into the header of its half: a header that was broken off leaves the other one standing. */
  function committed(): Committed {
    const found: Committed[] = []
    for (const half of [0, 1]) {
      const header = new Float64Array(headerNumbers)
      headers.read(header, half * headerNumbers)
      const one = { step: header[0], norm: header[1] }
      if (header[2] === check(one) && one.step % 2 === half) found.push(one)
    }
    if (found.length === 0) throw new Error('the state was never committed')
    return found.reduce((a, b) => (b.step > a.step ? b : a))
  }
  const copy = (step: number, kind: StateKind, offset: number, into: Float32Array) =>
    numbers.read(into, placeOf(step, kind) + offset)
  const commit = (next: Committed) =>
    headers.write(Float64Array.of(next.step, next.norm, check(next)), (next.step % 2) * headerNumbers)
  return {
    committed,
    commit,
    begin(next) {
      headers.write(new Float64Array(2 * headerNumbers), 0)
      commit(next)
    },
    copy,
    read(kind, offset, length) {
      const values = new Float32Array(length)
      copy(committed().step, kind, offset, values)
      return values
    },
    prepare: (step, kind, offset, values) => numbers.write(values, placeOf(step, kind) + offset),
    close() {
      numbers.close()
      headers.close()
    },
  }
}

/** Writes a state as the committed one; moments that are missing are zero. Only while no store is at work. */
export function writeState(file: StateFile, layout: Layout, state: ModelState): void {
  for (const kind of stateKinds) {
    for (const { name, offset, count } of layout.parameters) {
      const values = state[kind].get(name) ?? (kind === 'parameters' ? null : new Float32Array(count))
      if (values?.length !== count)
        throw new Error(`the state has ${values?.length ?? 0} numbers for ${kind} of ${name}, not ${count}`)
      file.prepare(state.updates, kind, offset, values)
    }
  }
  file.begin({ step: state.updates, norm: 0 })
}

/** The committed state as a checkpoint wants it. */
export function readState(file: StateFile, layout: Layout): ModelState {
  const tensors = (kind: StateKind) =>
    new Map(layout.parameters.map(({ name, offset, count }) => [name, file.read(kind, offset, count)]))
  return {
    updates: file.committed().step,
    parameters: tensors('parameters'),
    firstMoments: tensors('firstMoments'),
    secondMoments: tensors('secondMoments'),
  }
}
