// The native loss, argmax and optimizer.
import type { Kernels } from '../kernels.ts'
import { checked, type NativeContext, type NativeMemory } from './memory.ts'
import { matrix } from '../shapes.ts'
import { checkedArguments } from './arguments.ts'
import { optimizerSpans } from './spans.ts'

export function learningKernels(context: NativeContext, memory: NativeMemory) {
  const { library, handle } = context
  const { at, idsWithin } = checkedArguments(context, memory)
  return {
    crossEntropy(logits, targets, gradientScale) {
      const [n, vocabulary] = matrix(logits, 'logits')
      if (targets.length !== n) throw new Error(`${targets.length} targets for ${n} rows`)
      const args = [at(logits, 'logits', n, vocabulary), idsWithin(targets, 'targets', -(2 ** 31), vocabulary)]
      const losses = memory.empty([n])
      const scale = [gradientScale === undefined ? 0 : 1, gradientScale ?? 0]
      library.isf_cross_entropy(handle, ...args, losses.address, n, vocabulary, ...scale)
      return losses
    },
    async argmax(x) {
      const [n, width] = matrix(x, 'x')
      const places = new Int32Array(n)
      library.isf_argmax(handle, at(x, 'x', n, width), places, n, width)
      return places
    },

    async globalNorm(parameters) {
      const { addresses, sizes } = optimizerSpans(context, parameters)
      const norm = new Float64Array(1)
      checked(library.isf_global_norm(handle, addresses, sizes, parameters.length, norm))
      return norm[0]
    },
    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      const { addresses, sizes, scales, decays } = optimizerSpans(context, parameters)
      const tensors = [addresses, sizes, scales, decays, parameters.length] as const
      const settings = [learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, update]
      checked(library.isf_adam_w(handle, ...tensors, ...settings))
    },
  } satisfies Partial<Kernels>
}
