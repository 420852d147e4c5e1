// The port's kernels that work row by row, on a graphics card: embedding, layer norm, and the linear layers.
import type { Activation } from '#shared/family/shape.ts'
import type { Kernels, Tensor } from '../kernels.ts'
import { rowsById } from '../rows-by-id.ts'
import type { GpuContext } from './context.ts'
import { idsOf, inGrains, tensorOf, type GpuTensor } from './memory.ts'
import { multiply, multiplyInto } from './products.ts'
import { layerNorm, layerNormBackward, gainParts, normThreads } from './shaders/norm.ts'
import { sumParts } from './shaders/product.ts'
import { embedding, gatherRows, geluBackward, positionsBackward, tokensBackward } from './shaders/rows.ts'

/** Rows of which one workgroup sums gradients of gain and bias. */
const rowsAPart = 256

export function rowKernels(context: GpuContext) {
  const { device, memory, numbers, rows } = context
  const own = (tensor: Tensor, shape?: readonly number[]) => tensorOf(tensor, memory, shape)

  return {
    gatherRows(x, which) {
      const [from, ids] = [own(x), idsOf(which, memory)]
      const width = from.shape[1]
      checkIds(ids.data, from.shape[0])
      const out = memory.empty([ids.length, width])
      numbers(gatherRows, out.count, { width }, [out.range, from.range, ids.range])
      return out
    },

    embedding(ids, tokens, positions, places, scale) {
      const [id, table, places_] = [idsOf(ids, memory), own(tokens), own(positions)]
      const width = table.shape[1]
      checkIds(id.data, table.shape[0])
      const out = memory.empty([id.length, width])
      const given = typeof places === 'number' ? [] : [idsOf(places, memory)]
      for (const { data } of given) checkIds(data, places_.shape[0])
      numbers(
        embedding(given.length > 0),
        out.count,
        { width, context: typeof places === 'number' ? places : 1, scale, first: 0, beyond: table.shape[0] },
        [out.range, id.range, table.range, places_.range, ...given.map(({ range }) => range)],
      )
      return out
    },

    embeddingBackward(dx, ids, context, scale, intoTokens, intoPositions) {
      const [gradient, id, tokens, positions] = [own(dx), idsOf(ids, memory), own(intoTokens), own(intoPositions)]
      const width = tokens.shape[1]
      checkIds(id.data, tokens.shape[0])
      const { order, starts } = rowsById(id.data, tokens.shape[0])
      const distinct = starts.length - 1
      const lists = sideBySide([starts, order])
      const held = memory.ids(lists.data)
      device.dispatch(
        tokensBackward,
        [Math.min(distinct, 65535), Math.ceil(distinct / 65535), 1],
        { distinct, width, scale, first: 0, beyond: tokens.shape[0] },
        [
          tokens.range,
          gradient.range,
          id.range,
          ...lists.ranges.map((range) => ({ ...range, buffer: held.range.buffer })),
        ],
      )
      const count = context * width
      numbers(positionsBackward, count, { rows: id.length / context, scale }, [positions.range, gradient.range])
      held.dispose()
    },

    layerNorm(x, gain, bias) {
      const input = own(x)
      const [count, width] = input.shape
      const [output, mean, rstd] = [memory.empty([count, width]), memory.empty([count]), memory.empty([count])]
      rows(layerNorm(normThreads(width)), count, { width }, [
        output.range,
        mean.range,
        rstd.range,
        input.range,
        own(gain, [width]).range,
        own(bias, [width]).range,
      ])
      return { output, mean, rstd }
    },

    layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual) {
      const input = own(x)
      const [count, width] = input.shape
      const dx = memory.empty([count, width])
      const slope = own(dy, [count, width])
      const statistics = [own(mean, [count]).range, own(rstd, [count]).range]
      rows(layerNormBackward(normThreads(width), residual !== undefined), count, { width }, [
        dx.range,
        slope.range,
        input.range,
        own(gain, [width]).range,
        ...statistics,
        ...(residual ? [own(residual, [count, width]).range] : []),
      ])
      const parts = Math.ceil(count / rowsAPart)
      const sums = memory.empty([parts, 2 * width])
      device.dispatch(gainParts, [Math.ceil(width / 64), parts, 1], { rows: count, width, part: rowsAPart }, [
        sums.range,
        slope.range,
        input.range,
        ...statistics,
      ])
      numbers(sumParts(true), 2 * width, { weights: width, size: 2 * width, parts }, [
        sums.range,
        own(intoGain, [width]).range,
        own(intoBias, [width]).range,
      ])
      sums.dispose()
      return dx
    },

    linear(x, weight, bias, residual) {
      const [input, w] = [own(x), own(weight)]
      const [m, [k, n]] = [input.shape[0], w.shape]
      const out = memory.empty([m, n])
      multiply(context, 'nn', residual ? 'residual' : 'bias', { m, n, k }, input.range, w.range, out.range, [
        own(bias, [n]).range,
        ...(residual ? [own(residual, [m, n]).range] : []),
      ])
      return out
    },

    linearGelu(x, weight, bias, form: Activation) {
      const [input, w] = [own(x), own(weight)]
      const [m, [k, n]] = [input.shape[0], w.shape]
      const [before, after] = [memory.empty([m, n]), memory.empty([m, n])]
      multiply(context, 'nn', form, { m, n, k }, input.range, w.range, before.range, [
        own(bias, [n]).range,
        after.range,
      ])
      return { before, after }
    },

    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [slope, input, w] = [own(dy), own(x), own(weight)]
      const [m, [k, n]] = [input.shape[0], w.shape]
      const dx = memory.empty([m, k])
      multiply(context, 'nt', 'plain', { m, n: k, k: n }, slope.range, w.range, dx.range)
      const into: [GpuTensor, GpuTensor] = [own(intoWeight, [k, n]), own(intoBias, [n])]
      multiplyInto(context, { m: k, n, k: m }, input.range, slope.range, into[0].range, into[1].range)
      return dx
    },

    geluBackward(dy, before, form) {
      const [slope, input] = [own(dy), own(before)]
      const out = memory.empty(input.shape)
      numbers(geluBackward(form), out.count, {}, [out.range, slope.range, input.range])
      return out
    },
  } satisfies Partial<Kernels>
}

/** Several lists in one, each at a place where a binding may begin. */
function sideBySide(lists: ArrayLike<number>[]): { data: Int32Array; ranges: { offset: number; count: number }[] } {
  const ranges: { offset: number; count: number }[] = []
  let length = 0
  for (const list of lists) {
    ranges.push({ offset: length, count: list.length })
    length += inGrains(list.length)
  }
  const data = new Int32Array(length)
  for (const [i, list] of lists.entries()) data.set(list, ranges[i].offset)
  return { data, ranges }
}

function checkIds(ids: Int32Array, beyond: number): void {
  for (const id of ids) if (!(id >= 0 && id < beyond)) throw new Error(`row ${id} is outside ${beyond}`)
}
