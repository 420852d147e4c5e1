// The native kernels that work on rows: look-ups, layer norm, the matrix products with what is fused to them, and GELU.
import type { Kernels } from '../kernels.ts'
import { embeddingArguments, embeddingBackwardArguments, matrix } from '../shapes.ts'
import { checked, type NativeContext, type NativeMemory, tensorOf } from './memory.ts'
import { geluForm } from './next-token.ts'
import { checkedArguments } from './arguments.ts'

export function rowKernels(context: NativeContext, memory: NativeMemory) {
  const { library, handle } = context
  const check = checkedArguments(context, memory)
  const { at, idsWithin, several } = check
  return {
    gatherRows(x, rows) {
      const [n, width] = matrix(x, 'x')
      const args = [at(x, 'x', n, width), idsWithin(rows, 'rows', 0, n)]
      const out = memory.empty([rows.length, width])
      library.isf_gather_rows(handle, ...args, out.address, rows.length, width)
      return out
    },
    embedding(ids, tokens, positions, places, scale) {
      const { addresses, n, width, T } = embeddingArguments(check, ids, tokens, positions, places)
      const out = memory.empty([n, width])
      library.isf_embedding(handle, ...addresses, out.address, n, width, T, scale)
      return out
    },
    embeddingBackward(dx, ids, T, scale, intoTokens, intoPositions) {
      const { addresses, n, width } = embeddingBackwardArguments(check, dx, ids, T, intoTokens, intoPositions)
      library.isf_embedding_backward(handle, ...addresses, n, width, T, scale)
    },

    layerNorm(x, gain, bias) {
      const [n, width] = matrix(x, 'x')
      const args = [at(x, 'x', n, width), at(gain, 'gain', width), at(bias, 'bias', width)]
      const [output, mean, rstd] = several([n, width], [n], [n])
      library.isf_layer_norm(handle, ...args, output.address, mean.address, rstd.address, n, width)
      return { output, mean, rstd }
    },
    layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual) {
      const [n, width] = matrix(x, 'x')
      const args = [
        at(dy, 'dy', n, width),
        at(x, 'x', n, width),
        at(gain, 'gain', width),
        at(mean, 'mean', n),
        at(rstd, 'rstd', n),
        at(intoGain, 'intoGain', width),
        at(intoBias, 'intoBias', width),
        residual ? at(residual, 'residual', n, width) : 0,
      ]
      const dx = memory.empty([n, width])
      checked(library.isf_layer_norm_backward(handle, ...args, dx.address, n, width), dx)
      return dx
    },

    linear(x, weight, bias, residual) {
      const [n, inner] = matrix(x, 'x')
      const [, outer] = matrix(weight, 'weight')
      const args = [
        at(x, 'x', n, inner),
        at(weight, 'weight', inner, outer),
        at(bias, 'bias', outer),
        residual ? at(residual, 'residual', n, outer) : 0,
      ]
      const out = memory.empty([n, outer])
      checked(library.isf_linear(handle, ...args, out.address, 0, 0, n, inner, outer), out)
      return out
    },
    linearGelu(x, weight, bias, form) {
      const [n, inner] = matrix(x, 'x')
      const [, outer] = matrix(weight, 'weight')
      const args = [at(x, 'x', n, inner), at(weight, 'weight', inner, outer), at(bias, 'bias', outer)]
      const [before, after] = several([n, outer], [n, outer])
      checked(
        library.isf_linear(handle, ...args, 0, before.address, after.address, geluForm[form], n, inner, outer),
        before,
        after,
      )
      return { before, after }
    },
    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [n, outer] = matrix(dy, 'dy')
      const [inner] = matrix(weight, 'weight')
      const args = [
        at(dy, 'dy', n, outer),
        at(x, 'x', n, inner),
        at(weight, 'weight', inner, outer),
        at(intoWeight, 'intoWeight', inner, outer),
        at(intoBias, 'intoBias', outer),
      ]
      const dx = memory.empty([n, inner])
      checked(library.isf_linear_backward(handle, ...args, dx.address, n, inner, outer), dx)
      return dx
    },
    geluBackward(dy, before, form) {
      const own = tensorOf(before, context)
      const args = [at(dy, 'dy', ...own.shape), own.address]
      const dx = memory.empty(own.shape)
      library.isf_gelu_backward(handle, ...args, dx.address, own.count, geluForm[form])
      return dx
    },

    head(x, tokens, scale) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const args = [at(x, 'x', n, width), at(tokens, 'tokens', vocabulary, width)]
      const logits = memory.empty([n, vocabulary])
      checked(library.isf_head(handle, ...args, logits.address, scale, n, width, vocabulary), logits)
      return logits
    },
    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const args = [
        at(dLogits, 'dLogits', n, vocabulary),
        at(x, 'x', n, width),
        at(tokens, 'tokens', vocabulary, width),
        at(intoTokens, 'intoTokens', vocabulary, width),
      ]
      const dx = memory.empty([n, width])
      checked(library.isf_head_backward(handle, ...args, dx.address, scale, n, width, vocabulary), dx)
      return dx
    },
  } satisfies Partial<Kernels>
}
