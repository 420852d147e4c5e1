// Batches of bytes from a text in the fixtures, and engines to train on them: the native one where it is built, else
// the reference.
import { existsSync, readFileSync } from 'node:fs'
import { createEngine } from '#main/core/engine/create.ts'
import type { CheckDeps } from '#main/core/mup-checks/deps.ts'
import type { EngineName } from '#shared/engine.ts'

const text = readFileSync('test/fixtures/tokenizers/moby-dick.txt')
export const engineHere: EngineName =
  existsSync('build/native/isoflop-native.so') || existsSync('build/native/isoflop-native.dylib')
    ? 'native'
    : 'reference'

/** Every model of a check sees the same text; no sequence comes twice in the first steps. */
export function checkDeps(context: number, signal = new AbortController().signal): CheckDeps {
  const windows = Math.floor((text.length - 1) / context)
  const batch = (first: number, rows: number) => {
    const inputs = new Int32Array(rows * context)
    const targets = new Int32Array(rows * context)
    for (let row = 0; row < rows; row++) {
      const from = (((first + row) * 7919) % windows) * context
      inputs.set(text.subarray(from, from + context), row * context)
      targets.set(text.subarray(from + 1, from + context + 1), row * context)
    }
    return { inputs, targets, rows, columns: context }
  }
  return {
    createEngine: (model) => createEngine(engineHere, model, { threads: 2 }),
    batchAt: (step, rows) => batch(step * 8, rows),
    validation: batch(windows - 16, 16),
    signal,
  }
}
