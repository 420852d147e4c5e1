// Precision bf16 of the native engine: the kernels whose activations are of 16 bits. What flows past the blocks (the
// residual stream), weights and their gradients stay fp32; inputs of the other kind are turned first.
import type { Activation } from '#shared/family/shape.ts'
import type { AttentionGeometry, KeyValueCache, Kernels, Tensor, TreeSegment } from '../kernels.ts'
import { checkGeometry, matrix, widthOf } from '../shapes.ts'
import { checkedArguments } from './arguments.ts'
import { attentionKernels } from './attention.ts'
import { checked, type NativeContext, type NativeMemory, type NativeTensor, shaped, tensorOf } from './memory.ts'
import { geluForm } from './next-token.ts'
import { rowKernels } from './rows.ts'

export function halfKernels(context: NativeContext, memory: NativeMemory) {
  const { library, handle } = context
  const { at, idsWithin } = checkedArguments(context, memory)
  const full = { ...rowKernels(context, memory), ...attentionKernels(context, memory) }

  /** A copy in the other precision. */
  function turned(tensor: NativeTensor): NativeTensor {
    const copy = memory.empty(tensor.shape, !tensor.isHalf)
    const turn = tensor.isHalf ? library.isf_widen : library.isf_narrow
    turn(handle, tensor.address, copy.address, tensor.count)
    return copy
  }
  /** Does `work` with tensors as halves or as floats; the copies made for it go afterwards. */
  function as<Result>(isHalf: boolean, tensors: readonly Tensor[], work: (tensors: NativeTensor[]) => Result): Result {
    const copies: NativeTensor[] = []
    try {
      return work(
        tensors.map((tensor) => {
          const own = tensorOf(tensor, context)
          if (own.isHalf === isHalf) return own
          copies.push(turned(own))
          return copies[copies.length - 1]
        }),
      )
    } finally {
      for (const tensor of copies) tensor.dispose()
    }
  }
  /** New tensors, or none of them: of halves and of floats. */
  function made(halfShapes: (readonly number[])[], fullShapes: (readonly number[])[]): NativeTensor[] {
    const tensors: NativeTensor[] = []
    try {
      for (const shape of halfShapes) tensors.push(memory.empty(shape, true))
      for (const shape of fullShapes) tensors.push(memory.empty(shape))
      return tensors
    } catch (error) {
      for (const tensor of tensors) tensor.dispose()
      throw error
    }
  }
  const halves = <Result>(tensors: readonly Tensor[], work: (tensors: NativeTensor[]) => Result) =>
    as(true, tensors, work)
  const floats = <Result>(tensors: readonly Tensor[], work: (tensors: NativeTensor[]) => Result) =>
    as(false, tensors, work)

  /** With a form of GELU, `input` is what lies in front of it and so is the gradient that comes back. */
  function linearBackward(
    dy: Tensor,
    input: Tensor,
    weight: Tensor,
    intoWeight: Tensor,
    intoBias: Tensor,
    form?: Activation,
  ): NativeTensor {
    const [n, outer] = matrix(dy, 'dy')
    const [inner] = matrix(weight, 'weight')
    const slopes = tensorOf(dy, context)
    return halves([input], ([rows]) => {
      const from = shaped(rows, context, 'x', [n, inner]).address
      const args = [
        slopes.address,
        Number(slopes.isHalf),
        form ? 0 : from,
        at(weight, 'weight', inner, outer),
        at(intoWeight, 'intoWeight', inner, outer),
        at(intoBias, 'intoBias', outer),
      ]
      const dx = memory.empty([n, inner], true)
      const gelu = form ? [from, geluForm[form]] : [0, 0]
      checked(library.isf_half_linear_backward(handle, ...args, dx.address, ...gelu, n, inner, outer), dx)
      return dx
    })
  }

  return {
    gatherRows: (x, rows) => floats([x], ([own]) => full.gatherRows(own, rows)),

    layerNorm(x, gain, bias) {
      const [n, width] = matrix(x, 'x')
      return floats([x], ([rows]) => {
        const args = [at(rows, 'x', n, width), at(gain, 'gain', width), at(bias, 'bias', width)]
        const [output, mean, rstd] = made([[n, width]], [[n], [n]])
        library.isf_half_layer_norm(handle, ...args, output.address, mean.address, rstd.address, n, width)
        return { output, mean, rstd }
      })
    },
    layerNormAgain(x, gain, bias, mean, rstd) {
      const [n, width] = matrix(x, 'x')
      const args = [
        at(x, 'x', n, width),
        at(gain, 'gain', width),
        at(bias, 'bias', width),
        at(mean, 'mean', n),
        at(rstd, 'rstd', n),
      ]
      const output = memory.empty([n, width], true)
      library.isf_half_layer_norm_again(handle, ...args, output.address, n, width)
      return output
    },
    layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual) {
      const own = tensorOf(dy, context)
      if (!own.isHalf) return full.layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual)
      const [n, width] = matrix(x, 'x')
      const args = [
        shaped(own, context, 'dy', [n, width]).address,
        at(x, 'x', n, width),
        at(gain, 'gain', width),
        at(mean, 'mean', n),
        at(rstd, 'rstd', n),
        at(intoGain, 'intoGain', width),
        at(intoBias, 'intoBias', width),
        residual ? at(residual, 'residual', n, width) : 0,
      ]
      const dx = memory.empty([n, width])
      checked(library.isf_half_layer_norm_backward(handle, ...args, dx.address, n, width), dx)
      return dx
    },

    linear(x, weight, bias, residual) {
      const [n, inner] = matrix(x, 'x')
      const [, outer] = matrix(weight, 'weight')
      return halves([x], ([rows]) => {
        const args = [
          shaped(rows, context, 'x', [n, inner]).address,
          at(weight, 'weight', inner, outer),
          at(bias, 'bias', outer),
          residual ? at(residual, 'residual', n, outer) : 0,
        ]
        const out = memory.empty([n, outer], !residual)
        checked(library.isf_half_linear(handle, ...args, out.address, 0, 0, n, inner, outer), out)
        return out
      })
    },
    linearGelu(x, weight, bias, form) {
      const [n, inner] = matrix(x, 'x')
      const [, outer] = matrix(weight, 'weight')
      return halves([x], ([rows]) => {
        const args = [
          shaped(rows, context, 'x', [n, inner]).address,
          at(weight, 'weight', inner, outer),
          at(bias, 'bias', outer),
        ]
        const [before, after] = made(
          [
            [n, outer],
            [n, outer],
          ],
          [],
        )
        const sizes = [geluForm[form], n, inner, outer]
        checked(library.isf_half_linear(handle, ...args, 0, before.address, after.address, ...sizes), before, after)
        return { before, after }
      })
    },
    linearBackward: (dy, x, weight, intoWeight, intoBias) => linearBackward(dy, x, weight, intoWeight, intoBias),
    linearGeluBackward: (dy, before, weight, intoWeight, intoBias, form) =>
      linearBackward(dy, before, weight, intoWeight, intoBias, form),
    geluBackward: (dy, before, form) => floats([dy, before], ([slopes, kept]) => full.geluBackward(slopes, kept, form)),

    attention(qkv, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      checkGeometry(geometry, n, width)
      return halves([qkv], ([from]) => {
        const [output, logSumExp] = made([[n, width]], [[n, geometry.heads]])
        const addresses = [from.address, output.address, logSumExp.address]
        checked(library.isf_half_attention(handle, ...addresses, ...sizesOf(geometry, width)), output, logSumExp)
        return { output, logSumExp }
      })
    },
    attentionBackward(dy, qkv, output, logSumExp, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      checkGeometry(geometry, n, width)
      return halves([dy, qkv, output], ([slopes, from, mixed]) => {
        const args = [
          shaped(slopes, context, 'dy', [n, width]).address,
          from.address,
          shaped(mixed, context, 'output', [n, width]).address,
          at(logSumExp, 'logSumExp', n, geometry.heads),
        ]
        const dqkv = memory.empty([n, 3 * width], true)
        checked(library.isf_half_attention_backward(handle, ...args, dqkv.address, ...sizesOf(geometry, width)), dqkv)
        return dqkv
      })
    },
    cachedAttention: (qkv: Tensor, cache: KeyValueCache, geometry: AttentionGeometry) =>
      floats([qkv], ([own]) => full.cachedAttention(own, cache, geometry)),
    treeAttention: (
      qkv: Tensor,
      segments: readonly TreeSegment[],
      shared: KeyValueCache | null,
      geometry: Pick<AttentionGeometry, 'heads' | 'scale'>,
    ) => floats([qkv], ([own]) => full.treeAttention(own, segments, shared, geometry)),

    head(x, tokens, scale) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      return halves([x], ([rows]) => {
        const args = [shaped(rows, context, 'x', [n, width]).address, at(tokens, 'tokens', vocabulary, width)]
        const logits = memory.empty([n, vocabulary])
        checked(library.isf_half_head(handle, ...args, logits.address, scale, n, width, vocabulary), logits)
        return logits
      })
    },
    headBackward: (dLogits, x, tokens, scale, intoTokens) =>
      floats([x], ([rows]) => full.headBackward(dLogits, rows, tokens, scale, intoTokens)),
    headLoss(x, tokens, scale, targets, training) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      if (targets.length !== n) throw new Error(`${targets.length} targets for ${n} rows`)
      return halves([x], ([rows]) => {
        const args = [
          shaped(rows, context, 'x', [n, width]).address,
          at(tokens, 'tokens', vocabulary, width),
          idsWithin(targets, 'targets', -(2 ** 31), vocabulary),
        ]
        const into = training ? at(training.intoTokens, 'intoTokens', vocabulary, width) : 0
        const results = made([], training ? [[n], [n, width]] : [[n]])
        const [losses, dx] = results as [NativeTensor, NativeTensor | undefined]
        const outputs = [losses.address, training?.gradientScale ?? 0, into, dx?.address ?? 0]
        checked(library.isf_half_head_loss(handle, ...args, ...outputs, scale, n, width, vocabulary), ...results)
        return { losses, dx }
      })
    },
  } satisfies Partial<Kernels>
}

const sizesOf = ({ rows, context, heads, scale }: AttentionGeometry, width: number) => [
  rows,
  context,
  heads,
  width,
  scale,
]
