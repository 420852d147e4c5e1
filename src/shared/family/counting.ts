// What is counted: the parameters that tokens are given to, and the words for each way of counting.
import type { FlopsConvention, ParameterCount } from './recipe.ts'
import { countParameters, type GptShape } from './shape.ts'

/** Parameters of a shape under one way of counting; the tied head is the token embedding and never counted twice. */
export function countedParameters(shape: GptShape, count: ParameterCount): number {
  const all = countParameters(shape)
  if (count === 'without-embeddings') return all - (shape.vocabulary + shape.context) * shape.width
  if (count === 'blocks-and-head') return all - shape.context * shape.width
  return all
}

/** For labels: what each way of counting parameters leaves out. */
export const parameterCountNames: Record<ParameterCount, string> = {
  all: 'all parameters',
  'without-embeddings': 'without token and position embeddings',
  'blocks-and-head': 'blocks and head, without positions',
}

/** For axes: `training compute, FLOPs (${…})`. */
export const flopsConventionNames: Record<FlopsConvention, string> = {
  cerebras: 'Cerebras-GPT',
  hoffmann: 'Hoffmann appendix F',
  sixNd: '6 N D',
  palm: 'PaLM',
}
