// The kernels of the native engine: every shape is checked here, then one call goes to the C++ library.
import { cpus, totalmem } from 'node:os'
import { Fault } from '#shared/fault.ts'
import type { Ids, Kernels, Tensor } from '../kernels.ts'
import { type NativeLibrary, nativeLibrary } from './library.ts'
import { checked, createMemory, idsOfHome, type Home, type NativeTensor, ofHome, shaped } from './memory.ts'
import { checkGeometry, checkRows, checkSegments } from './sequences.ts'
import { optimizerSpans } from './spans.ts'
import { geluForm, type NativeCache, textReader } from './text.ts'
import { physicalCores } from './cores.ts'

export interface NativeOptions {
  /** 0 for one a physical core. */
  threads: number
  /** Largest amount of memory the kernels may take; all of the machine's by default. */
  limitBytes?: number
}

const isaNames: Record<string, string> = { avx512: 'AVX-512', avx2: 'AVX2', neon: 'NEON', portable: 'portable' }

/**
 * The C++ library's kernels on a pool of threads of their own. Throws Fault 'unavailable' where the library is not
 * here.
 */
export function createNativeKernels({ threads, limitBytes = totalmem() }: NativeOptions): Kernels {
  const library = nativeLibrary()
  const isa = process.env.ISOFLOP_ISA ?? ''
  const wanted = threads > 0 ? Math.min(Math.floor(threads), 4 * cpus().length) : physicalCores()
  const context = library.isf_create(wanted, limitBytes, isa)
  if (context === 0)
    throw new Fault(
      'unavailable',
      `This processor cannot run the native engine${isa ? ` with the instruction set "${isa}"` : ''}.`,
    )
  return kernelsOn(library, context)
}

function kernelsOn(library: NativeLibrary, context: number): Kernels {
  const home: Home = { library, context, isOpen: true }
  const memory = createMemory(home)
  const count = library.isf_threads(context)
  const name = library.isf_isa(context)

  /** The address of a tensor that has this shape. */
  const at = (tensor: Tensor, what: string, ...shape: number[]): number => shaped(tensor, home, what, shape).address
  /** The two sizes of a matrix. */
  function matrix(tensor: Tensor, what: string): readonly [number, number] {
    const { shape } = tensor
    if (shape.length !== 2) throw new Error(`${what} is [${shape.join(', ')}] and should be a matrix`)
    return shape as unknown as readonly [number, number]
  }
  /** Several tensors, or none of them. */
  function several(...shapes: (readonly number[])[]): NativeTensor[] {
    const made: NativeTensor[] = []
    try {
      for (const shape of shapes) made.push(memory.empty(shape))
    } catch (error) {
      for (const tensor of made) tensor.dispose()
      throw error
    }
    return made
  }
  function idsWithin(ids: Ids, what: string, from: number, below: number): number {
    const own = idsOfHome(ids, home)
    if (own.length > 0 && (own.least < from || own.most >= below)) {
      throw new Error(`${what} go from ${own.least} to ${own.most}; they must lie in ${from} to ${below - 1}`)
    }
    return own.address
  }
  function third(qkv: Tensor): number {
    const [, triple] = matrix(qkv, 'qkv')
    if (triple % 3 !== 0) throw new Error(`qkv has ${triple} columns, which is not three times anything`)
    return triple / 3
  }

  const spans = optimizerSpans(home)

  return {
    device: `native, ${isaNames[name] ?? name}, ${count} thread${count === 1 ? '' : 's'}`,

    tensor: memory.tensor,
    ids: memory.ids,
    read: async (tensor) => memory.read(tensor),
    write: memory.write,
    fill(into, value) {
      const own = ofHome(into, home)
      library.isf_fill(context, own.address, value, own.count)
    },
    axpy(into, scale, from) {
      const own = ofHome(into, home)
      library.isf_axpy(context, own.address, scale, at(from, 'from', ...own.shape), own.count)
    },
    memory: memory.bytes,

    embedding(ids, tokens, positions, T, scale, offset = 0) {
      const [vocabulary, width] = matrix(tokens, 'tokens')
      const [places] = matrix(positions, 'positions')
      const n = ids.length
      checkRows(n, T)
      if (!Number.isInteger(offset) || offset < 0 || offset + Math.min(T, n) > places)
        throw new Error(`tokens ${offset} to ${offset + T} do not fit ${places} positions`)
      const args = [
        idsWithin(ids, 'ids', 0, vocabulary),
        at(tokens, 'tokens', vocabulary, width),
        at(positions, 'positions', places, width),
      ]
      const out = memory.empty([n, width])
      library.isf_embedding(context, ...args, out.address, n, width, T, offset, scale)
      return out
    },
    embeddingBackward(dx, ids, T, scale, intoTokens, intoPositions) {
      const [n, width] = matrix(dx, 'dx')
      const [vocabulary] = matrix(intoTokens, 'intoTokens')
      const [places] = matrix(intoPositions, 'intoPositions')
      checkRows(n, T)
      if (ids.length !== n) throw new Error(`${ids.length} ids for ${n} rows`)
      if (Math.min(T, n) > places) throw new Error(`${T} tokens do not fit ${places} positions`)
      library.isf_embedding_backward(
        context,
        at(dx, 'dx', n, width),
        idsWithin(ids, 'ids', 0, vocabulary),
        at(intoTokens, 'intoTokens', vocabulary, width),
        at(intoPositions, 'intoPositions', places, width),
        n,
        width,
        T,
        scale,
      )
    },

    layerNorm(x, gain, bias) {
      const [n, width] = matrix(x, 'x')
      const args = [at(x, 'x', n, width), at(gain, 'gain', width), at(bias, 'bias', width)]
      const [output, mean, rstd] = several([n, width], [n], [n])
      library.isf_layer_norm(context, ...args, output.address, mean.address, rstd.address, n, width)
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
      checked(library.isf_layer_norm_backward(context, ...args, dx.address, n, width), dx)
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
      checked(library.isf_linear(context, ...args, out.address, 0, 0, n, inner, outer), out)
      return out
    },
    linearGelu(x, weight, bias, form) {
      const [n, inner] = matrix(x, 'x')
      const [, outer] = matrix(weight, 'weight')
      const args = [at(x, 'x', n, inner), at(weight, 'weight', inner, outer), at(bias, 'bias', outer)]
      const [before, after] = several([n, outer], [n, outer])
      checked(
        library.isf_linear(context, ...args, 0, before.address, after.address, geluForm[form], n, inner, outer),
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
      checked(library.isf_linear_backward(context, ...args, dx.address, n, inner, outer), dx)
      return dx
    },
    geluBackward(dy, before, form) {
      const own = ofHome(before, home)
      const args = [at(dy, 'dy', ...own.shape), own.address]
      const dx = memory.empty(own.shape)
      library.isf_gelu_backward(context, ...args, dx.address, own.count, geluForm[form])
      return dx
    },

    attention(qkv, geometry) {
      const width = third(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const from = at(qkv, 'qkv', n, 3 * width)
      const [output, logSumExp] = several([n, width], [n, heads])
      checked(
        library.isf_attention(context, from, output.address, logSumExp.address, rows, T, heads, width, scale),
        output,
        logSumExp,
      )
      return { output, logSumExp }
    },
    attentionBackward(dy, qkv, output, logSumExp, geometry) {
      const width = third(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const args = [
        at(dy, 'dy', n, width),
        at(qkv, 'qkv', n, 3 * width),
        at(output, 'output', n, width),
        at(logSumExp, 'logSumExp', n, heads),
      ]
      const dqkv = memory.empty([n, 3 * width])
      checked(library.isf_attention_backward(context, ...args, dqkv.address, rows, T, heads, width, scale), dqkv)
      return dqkv
    },
    cache(rows, capacity, width): NativeCache {
      const [keys, values] = several([rows, capacity, width], [rows, capacity, width])
      return {
        length: 0,
        rows,
        capacity,
        keys,
        values,
        rewind(length) {
          this.length = Math.min(length, this.length)
        },
        dispose() {
          for (const tensor of [keys, values]) tensor.dispose()
        },
      }
    },
    cachedAttention(qkv, cache, geometry) {
      const width = third(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const kept = cache as NativeCache
      if (kept.rows !== rows) throw new Error(`a cache of ${kept.rows} sequences cannot continue ${rows}`)
      if (kept.length + T > kept.capacity)
        throw new Error(`${kept.length} + ${T} tokens do not fit a cache of ${kept.capacity}`)
      const args = [
        at(qkv, 'qkv', n, 3 * width),
        at(kept.keys, 'keys', rows, kept.capacity, width),
        at(kept.values, 'values', rows, kept.capacity, width),
      ]
      const out = memory.empty([n, width])
      checked(
        library.isf_cached_attention(
          context,
          ...args,
          kept.length,
          kept.capacity,
          out.address,
          rows,
          T,
          heads,
          width,
          scale,
        ),
        out,
      )
      kept.length += T
      return out
    },

    branchAttention(qkv, segments, trunk, { heads, scale }) {
      const width = third(qkv)
      const [n] = qkv.shape
      checkGeometry({ rows: 1, context: n, heads, scale }, n, width)
      const kept = trunk as NativeCache | null
      if (kept && kept.rows !== 1) throw new Error(`a trunk of ${kept.rows} sequences cannot be branched`)
      const held = kept?.length ?? 0
      const longest = checkSegments(segments, n, held)
      const cache = kept
        ? [at(kept.keys, 'keys', 1, kept.capacity, width), at(kept.values, 'values', 1, kept.capacity, width)]
        : [0, 0]
      const address = at(qkv, 'qkv', n, 3 * width)
      const out = memory.empty([n, width])
      const pairs = Int32Array.from(segments.flatMap(({ count, isStem }) => [count, Number(isStem)]))
      checked(
        library.isf_branch_attention(
          context,
          address,
          cache[0],
          cache[1],
          held,
          pairs,
          segments.length,
          longest,
          out.address,
          n,
          heads,
          width,
          scale,
        ),
        out,
      )
      return out
    },
    nextToken: (w, model, caches) => textReader(home, w, model, caches as readonly NativeCache[]),
    async largest(x) {
      const [n, width] = matrix(x, 'x')
      const places = new Int32Array(n)
      library.isf_largest(context, at(x, 'x', n, width), places, n, width)
      return places
    },

    head(x, tokens, scale) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const args = [at(x, 'x', n, width), at(tokens, 'tokens', vocabulary, width)]
      const logits = memory.empty([n, vocabulary])
      checked(library.isf_head(context, ...args, logits.address, scale, n, width, vocabulary), logits)
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
      checked(library.isf_head_backward(context, ...args, dx.address, scale, n, width, vocabulary), dx)
      return dx
    },
    crossEntropy(logits, targets, gradientScale) {
      const [n, vocabulary] = matrix(logits, 'logits')
      if (targets.length !== n) throw new Error(`${targets.length} targets for ${n} rows`)
      const args = [at(logits, 'logits', n, vocabulary), idsWithin(targets, 'targets', -(2 ** 31), vocabulary)]
      const losses = memory.empty([n])
      library.isf_cross_entropy(
        context,
        ...args,
        losses.address,
        n,
        vocabulary,
        gradientScale === undefined ? 0 : 1,
        gradientScale ?? 0,
      )
      return losses
    },

    async globalNorm(parameters) {
      const { addresses, sizes } = spans(parameters)
      const norm = new Float64Array(1)
      checked(library.isf_global_norm(context, addresses, sizes, parameters.length, norm))
      return norm[0]
    },
    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      const { addresses, sizes, scales, decays } = spans(parameters)
      checked(
        library.isf_adam_w(
          context,
          addresses,
          sizes,
          scales,
          decays,
          parameters.length,
          learningRate,
          beta1,
          beta2,
          epsilon,
          weightDecay,
          gradientScale,
          update,
        ),
      )
    },

    dispose() {
      if (!home.isOpen) return
      home.isOpen = false
      library.isf_destroy(context)
    },
  }
}
