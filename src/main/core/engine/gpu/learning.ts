// The tied head, the loss and the optimizer on a graphics card.
import type { Ids, Kernels, Parameter, Tensor } from '../kernels.ts'
import { spread, type GpuContext } from './context.ts'
import type { Range } from './device.ts'
import { idsOf, tensorOf, type GpuIds } from './memory.ts'
import { multiply, multiplyInto } from './products.ts'
import { argmax, crossEntropy } from './shaders/loss.ts'
import { adamW, numbersAtOnce, squares } from './shaders/optimizer.ts'

/** Numbers of which one workgroup sums the squares. */
const squaresAtOnce = 16384
/** Logits held at once in training, numbers: 512 MiB. */
const largestLogits = 2 ** 27
/** Chunks of rows begin at multiples of this, so that bindings may begin there. */
const rowGrain = 64

/** The parameters whose four tensors lie in the same four buffers, walked through by one dispatch. */
interface Sweep {
  arenas: [value: Range, gradient: Range, first: Range, second: Range]
  stretches: GpuIds
  count: number
  /** Numbers of the gradients' buffer; what lies between its tensors is zero. */
  gradients: number
}

export function learningKernels(context: GpuContext) {
  const { device, memory, rows } = context
  const own = (tensor: Tensor, shape?: readonly number[]) => tensorOf(tensor, memory, shape)
  let sweeps: { parameters: readonly Parameter[]; all: Sweep[] } | null = null

  function sweepsOf(parameters: readonly Parameter[]): Sweep[] {
    if (sweeps?.parameters === parameters) return sweeps.all
    for (const { stretches } of sweeps?.all ?? []) stretches.dispose()
    const groups = new Map<string, { arenas: Sweep['arenas']; table: number[]; gradients: number }>()
    const scale = new Float32Array(1)
    for (const { value, gradient, firstMoment, secondMoment, decays, learningRateScale } of parameters) {
      const four = [value, gradient, firstMoment, secondMoment].map((tensor) => own(tensor))
      const { offset } = four[0].range
      const together = four.map((tensor) => memory.arena(tensor))
      const isTogether =
        together.every((arena, i) => arena !== null && four[i].range.offset === offset) &&
        new Set(together.map((arena) => arena?.buffer)).size === 4
      // tensors that were not made together are swept one by one
      const arenas = (isTogether ? together : four.map(({ range }) => range)) as Sweep['arenas']
      const key = arenas.map(({ buffer, offset }) => `${buffer}:${offset}`).join(' ')
      let group = groups.get(key)
      const gradients = isTogether ? arenas[1].count : four[1].count
      if (!group) groups.set(key, (group = { arenas, table: [], gradients }))
      scale[0] = learningRateScale
      const [bits] = new Int32Array(scale.buffer)
      const begin = isTogether ? offset : 0
      for (let at = 0; at < four[0].count; at += numbersAtOnce)
        group.table.push(begin + at, Math.min(numbersAtOnce, four[0].count - at), decays ? 1 : 0, bits)
    }
    const all = [...groups.values()].map(({ arenas, table, gradients }) => ({
      arenas,
      gradients,
      stretches: memory.ids(Int32Array.from(table)),
      count: table.length / 4,
    }))
    sweeps = { parameters, all }
    return all
  }

  /** Rows of logits that are held at once. */
  const rowsAtOnce = (stride: number, width: number) => {
    const most = Math.min(largestLogits, device.facts.bindingBytes / 4, device.workASubmit / (2 * width))
    return Math.max(rowGrain, Math.floor(most / stride / rowGrain) * rowGrain)
  }
  const rowsOf = ({ buffer, offset }: Range, first: number, count: number, width: number): Range => ({
    buffer,
    offset: offset + first * width,
    count: Math.ceil((count * width) / 4) * 4,
  })

  return {
    head(x, tokens, scale) {
      const [input, table] = [own(x), own(tokens)]
      const [m, [n, k]] = [input.shape[0], table.shape]
      const logits = memory.empty([m, n])
      multiply(context, 'nt', 'plain', { m, n, k }, input.range, table.range, logits.range, [], scale)
      return logits
    },

    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const [slope, input, table] = [own(dLogits), own(x), own(tokens)]
      const [m, [n, k]] = [input.shape[0], table.shape]
      const dx = memory.empty([m, k])
      multiply(context, 'nn', 'plain', { m, n: k, k: n }, slope.range, table.range, dx.range, [], scale)
      multiplyInto(
        context,
        { m: n, n: k, k: m },
        slope.range,
        input.range,
        own(intoTokens, [n, k]).range,
        undefined,
        scale,
      )
      return dx
    },

    crossEntropy(logits, targets, gradientScale) {
      const [input, ids] = [own(logits), idsOf(targets, memory)]
      const [count, width] = input.shape
      checkTargets(ids, count, width)
      const losses = memory.empty([count])
      rows(crossEntropy(gradientScale !== undefined), count, { width, stride: width, scale: gradientScale ?? 0 }, [
        losses.range,
        input.range,
        ids.range,
      ])
      return losses
    },

    headLoss(x, tokens, scale, targets: Ids, training) {
      const [input, table, ids] = [own(x), own(tokens), idsOf(targets, memory)]
      const [count, [vocabulary, width]] = [input.shape[0], table.shape]
      checkTargets(ids, count, vocabulary)
      const stride = Math.ceil(vocabulary / 4) * 4 // so that four logits can be read at once
      const losses = memory.empty([count])
      const dx = training ? memory.empty([count, width]) : undefined
      const atOnce = rowsAtOnce(stride, width)
      for (let first = 0; first < count; first += atOnce) {
        const m = Math.min(atOnce, count - first)
        const logits = memory.empty([m, stride])
        const part = rowsOf(input.range, first, m, width)
        multiply(
          context,
          'nt',
          'plain',
          { m, n: vocabulary, k: width, strides: { c: stride } },
          part,
          table.range,
          logits.range,
          [],
          scale,
        )
        rows(
          crossEntropy(training !== undefined),
          m,
          { width: vocabulary, stride, scale: training?.gradientScale ?? 0 },
          [rowsOf(losses.range, first, m, 1), logits.range, rowsOf(ids.range, first, m, 1)],
        )
        if (training && dx) {
          const size = { m, n: width, k: vocabulary, strides: { a: stride } }
          multiply(
            context,
            'nn',
            'plain',
            size,
            logits.range,
            table.range,
            rowsOf(dx.range, first, m, width),
            [],
            scale,
          )
          multiplyInto(
            context,
            { m: vocabulary, n: width, k: m, strides: { a: stride } },
            logits.range,
            part,
            own(training.intoTokens, [vocabulary, width]).range,
            undefined,
            scale,
          )
        }
        logits.dispose()
      }
      return { losses, dx }
    },

    async argmax(x) {
      const input = own(x)
      const [count, width] = input.shape
      const places = memory.empty([count])
      rows(argmax, count, { width, stride: width }, [places.range, input.range])
      const found = new Int32Array(count)
      await device.read(places.range, found)
      places.dispose()
      return found
    },

    async globalNorm(parameters) {
      const all = sweepsOf(parameters)
      const counts = all.map(({ gradients }) => Math.ceil(gradients / squaresAtOnce))
      const sums = memory.empty([counts.reduce((a, b) => a + b, 0)])
      let to = 0
      for (const [i, { arenas, gradients }] of all.entries()) {
        device.dispatch(squares, [counts[i], 1, 1], { count: gradients, part: squaresAtOnce, to }, [
          sums.range,
          arenas[1],
        ])
        to += counts[i]
      }
      const parts = new Float32Array(sums.count)
      await device.read(sums.range, parts)
      sums.dispose()
      return Math.sqrt(parts.reduce((sum, part) => sum + part, 0))
    },

    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      for (const { arenas, stretches, count } of sweepsOf(parameters))
        device.dispatch(
          adamW,
          spread(count),
          {
            stretches: count,
            rate: learningRate,
            beta1,
            beta2,
            rest1: 1 - beta1,
            rest2: 1 - beta2,
            epsilon,
            decay: weightDecay,
            correction1: 1 - beta1 ** update,
            correction2: 1 - beta2 ** update,
            scale: gradientScale,
          },
          [...arenas, stretches.range],
        )
      device.flush()
    },
  } satisfies Partial<Kernels>
}

function checkTargets({ data }: GpuIds, rows: number, vocabulary: number): void {
  if (data.length !== rows) throw new Error(`${data.length} targets for ${rows} rows`)
  for (const id of data) if (id >= vocabulary) throw new Error(`target ${id} is outside a vocabulary of ${vocabulary}`)
}
