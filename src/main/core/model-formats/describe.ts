// Numbers about weights: how each tensor's lie, and how far those of two models are apart.
import type { Comparison, TensorDifference, TensorStats } from '#shared/inspection.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters } from '#shared/family/shape.ts'

const bins = 48

/** Mean and spread in double precision; the histogram has equal bins from the smallest to the largest number. */
export function describeTensor(name: string, shape: number[], data: Float32Array): TensorStats {
  let sum = 0
  let min = Infinity
  let max = -Infinity
  let broken = 0
  for (const value of data) {
    if (!Number.isFinite(value)) {
      broken++
      continue
    }
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  const count = data.length - broken
  const histogram = new Array<number>(bins).fill(0)
  if (count === 0) return { name, shape, mean: NaN, std: NaN, min: NaN, max: NaN, histogram, broken }
  const mean = sum / count
  let squares = 0
  const perUnit = max > min ? bins / (max - min) : 0
  for (const value of data) {
    if (!Number.isFinite(value)) continue
    squares += (value - mean) ** 2
    histogram[Math.min(bins - 1, Math.floor((value - min) * perUnit))]++
  }
  return { name, shape, mean, std: Math.sqrt(squares / count), min, max, histogram, broken }
}

export const describeWeights = (model: ModelPlan, parameters: ReadonlyMap<string, Float32Array>): TensorStats[] =>
  listParameters(model.shape).map(({ name, shape }) =>
    describeTensor(name, shape, parameters.get(name) ?? new Float32Array(0)),
  )

interface Weights {
  model: ModelPlan
  parameters: ReadonlyMap<string, Float32Array>
}

/** ‖b − a‖ of every tensor, and of all together; models of different shape are told why they cannot be compared so. */
export function compareWeights(a: Weights, b: Weights): Comparison {
  const others = new Map(listParameters(b.model.shape).map(({ name, shape }) => [name, shape]))
  const infos = listParameters(a.model.shape)
  const differing = infos.find(({ name, shape }) => others.get(name)?.join() !== shape.join())
  if (differing || others.size !== infos.length) {
    return {
      tensors: [],
      reason: 'The two have different shapes, so their tensors cannot be subtracted from each other.',
      norm: 0,
      relative: null,
    }
  }
  let squares = 0
  let ownSquares = 0
  const tensors = infos.map(({ name, shape }): TensorDifference => {
    const [x, y] = [a.parameters.get(name)!, b.parameters.get(name)!]
    let own = 0
    let difference = 0
    let largest = 0
    for (let i = 0; i < x.length; i++) {
      const gap = y[i] - x[i]
      own += x[i] ** 2
      difference += gap ** 2
      if (Math.abs(gap) > largest) largest = Math.abs(gap)
    }
    squares += difference
    ownSquares += own
    return { name, shape, norm: Math.sqrt(difference), relative: own > 0 ? Math.sqrt(difference / own) : null, largest }
  })
  return {
    tensors,
    reason: null,
    norm: Math.sqrt(squares),
    relative: ownSquares > 0 ? Math.sqrt(squares / ownSquares) : null,
  }
}
