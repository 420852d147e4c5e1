// Cross entropy in nats, its gradient written over the logits, and the largest of each row.
import type { Kernels } from '../kernels.ts'
import { idNumbers, numbers, type Storage } from './storage.ts'

export function lossKernels({ tensor }: Storage) {
  return {
    crossEntropy(logits, targets, gradientScale) {
      const [rows, vocabulary] = logits.shape
      const all = numbers(logits)
      const target = idNumbers(targets)
      const losses = tensor([rows])
      for (let n = 0; n < rows; n++) {
        const row = all.subarray(n * vocabulary, (n + 1) * vocabulary)
        if (target[n] >= vocabulary) throw new Error(`target ${target[n]} is outside a vocabulary of ${vocabulary}`)
        if (target[n] < 0) {
          if (gradientScale !== undefined) row.fill(0)
          continue
        }
        let largest = -Infinity
        for (let v = 0; v < vocabulary; v++) largest = Math.max(largest, row[v])
        let sum = 0
        for (let v = 0; v < vocabulary; v++) sum += Math.exp(row[v] - largest)
        const logSumExp = largest + Math.log(sum)
        losses.data[n] = logSumExp - row[target[n]]
        if (gradientScale === undefined) continue
        for (let v = 0; v < vocabulary; v++)
          row[v] = gradientScale * (Math.exp(row[v] - logSumExp) - (v === target[n] ? 1 : 0))
      }
      return losses
    },
    async argmax(x) {
      const [rows, width] = x.shape
      const all = numbers(x)
      const places = new Int32Array(rows)
      for (let n = 0; n < rows; n++)
        for (let v = 1; v < width; v++) if (all[n * width + v] > all[n * width + places[n]]) places[n] = v
      return places
    },
  } satisfies Partial<Kernels>
}
