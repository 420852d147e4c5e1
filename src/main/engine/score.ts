// From logits to what evaluation asks: how likely the target was, and whether nothing was likelier.
import type { TokenScore } from './engine.ts'

/** logits [N, V], targets [N]; an unscored target (below 0) gets NaN and false. */
export function scoreLogits(logits: Float32Array, targets: Int32Array, vocabulary: number): TokenScore[] {
  return Array.from(targets, (target, n) => {
    if (target < 0) return { logProbability: NaN, isGreedy: false }
    const row = logits.subarray(n * vocabulary, (n + 1) * vocabulary)
    let largest = 0
    for (let v = 1; v < vocabulary; v++) if (row[v] > row[largest]) largest = v
    let sum = 0
    for (let v = 0; v < vocabulary; v++) sum += Math.exp(row[v] - row[largest])
    return { logProbability: row[target] - row[largest] - Math.log(sum), isGreedy: largest === target }
  })
}
