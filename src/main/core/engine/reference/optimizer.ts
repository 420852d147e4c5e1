// AdamW as PyTorch writes it (Loshchilov & Hutter 2019), and the norm that clipping looks at.
import type { Kernels } from '../kernels.ts'
import { numbers } from './storage.ts'

export function optimizerKernels() {
  return {
    async globalNorm(parameters) {
      let squares = 0
      for (const { gradient } of parameters) for (const g of numbers(gradient)) squares += g * g
      return Math.sqrt(squares)
    },
    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      const correction1 = 1 - beta1 ** update
      const correction2 = 1 - beta2 ** update
      for (const parameter of parameters) {
        const rate = learningRate * parameter.learningRateScale
        const keep = parameter.decays ? 1 - rate * weightDecay : 1
        const [w, g, m, v] = [parameter.value, parameter.gradient, parameter.firstMoment, parameter.secondMoment].map(
          numbers,
        )
        for (let i = 0; i < w.length; i++) {
          const gradient = gradientScale * g[i]
          m[i] = beta1 * m[i] + (1 - beta1) * gradient
          v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient
          w[i] = keep * w[i] - (rate * (m[i] / correction1)) / (Math.sqrt(v[i] / correction2) + epsilon)
        }
        g.fill(0)
      }
    },
  } satisfies Partial<Kernels>
}
