// Layer norm over the last axis: (x − mean) / sqrt(variance + 1e-5) · gain + bias.
import type { Kernels } from '../kernels.ts'
import { numbers, type Storage } from './storage.ts'

const epsilon = 1e-5

export function layerNormKernels({ tensor }: Storage) {
  return {
    layerNorm(x, gain, bias) {
      const [rows, width] = x.shape
      const [input, g, b] = [x, gain, bias].map(numbers)
      const output = tensor([rows, width])
      const mean = tensor([rows])
      const rstd = tensor([rows])
      for (let n = 0; n < rows; n++) {
        let sum = 0
        for (let i = 0; i < width; i++) sum += input[n * width + i]
        const average = sum / width
        let squares = 0
        for (let i = 0; i < width; i++) squares += (input[n * width + i] - average) ** 2
        const scale = 1 / Math.sqrt(squares / width + epsilon)
        for (let i = 0; i < width; i++)
          output.data[n * width + i] = (input[n * width + i] - average) * scale * g[i] + b[i]
        mean.data[n] = average
        rstd.data[n] = scale
      }
      return { output, mean, rstd }
    },
    layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual) {
      const [rows, width] = x.shape
      const [gradient, input, g, average, scale] = [dy, x, gain, mean, rstd].map(numbers)
      const gainSum = Float64Array.from(numbers(intoGain))
      const biasSum = Float64Array.from(numbers(intoBias))
      const dx = tensor([rows, width], residual && numbers(residual))
      for (let n = 0; n < rows; n++) {
        const at = n * width
        const normal = (i: number) => (input[at + i] - average[n]) * scale[n]
        let sum = 0 // of dy·gain
        let product = 0 // of dy·gain·normal
        for (let i = 0; i < width; i++) {
          sum += gradient[at + i] * g[i]
          product += gradient[at + i] * g[i] * normal(i)
          gainSum[i] += gradient[at + i] * normal(i)
          biasSum[i] += gradient[at + i]
        }
        for (let i = 0; i < width; i++)
          dx.data[at + i] += scale[n] * (gradient[at + i] * g[i] - sum / width - (normal(i) * product) / width)
      }
      numbers(intoGain).set(gainSum)
      numbers(intoBias).set(biasSum)
      return dx
    },
  } satisfies Partial<Kernels>
}
