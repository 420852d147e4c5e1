// The model as a cluster sees it: matrices to multiply, numbers to hold. One of three records (model, plan, machine)
// that are combined and never merged.
import { longestName, longestNote, mostLayers } from '../bounds.ts'
import { Fault } from '../fault.ts'
import { oneOf, readRecord, someText, wholeNumber, type FieldCheck } from './checks.ts'

/** A decoder. GPT-2's form unless it says otherwise. */
export interface ClusterModel {
  id: string
  name: string
  layers: number
  /** Features of a token, h. */
  width: number
  heads: number
  /** Heads of keys and values, g; equal to `heads` unless they are grouped. */
  keyValueHeads: number
  /** Inner width of the MLP, f. */
  feedForward: number
  /** SwiGLU: three matrices in place of two. */
  isGated: boolean
  /** Tokens of a sequence, s. */
  context: number
  vocabulary: number
  positions: 'learned' | 'rotary' | 'alibi'
  hasBiases: boolean
  /** The output projection is the token embedding. */
  isHeadTied: boolean
  source: string
}

const fields: Record<keyof ClusterModel, FieldCheck> = {
  id: someText(1, longestName),
  name: someText(0, longestName),
  source: someText(0, longestNote),
  layers: wholeNumber(1, mostLayers),
  width: wholeNumber(1),
  heads: wholeNumber(1),
  keyValueHeads: wholeNumber(1),
  feedForward: wholeNumber(1),
  context: wholeNumber(1),
  vocabulary: wholeNumber(1),
  isGated: oneOf(true, false),
  hasBiases: oneOf(true, false),
  isHeadTied: oneOf(true, false),
  positions: oneOf('learned', 'rotary', 'alibi'),
}

/** A model from outside: unknown keys and impossible shapes are refused; what is left out is GPT-2's. */
export function readModel(given: unknown): ClusterModel {
  const what = given as Partial<ClusterModel>
  const model = readRecord<ClusterModel>('model', given, fields, {
    name: what?.id ?? '',
    source: '',
    keyValueHeads: what?.heads ?? 1,
    feedForward: 4 * (what?.width ?? 0),
    isGated: false,
    context: 2048,
    vocabulary: 51_200,
    positions: 'learned',
    hasBiases: true,
    isHeadTied: true,
  })
  if (model.width % model.heads !== 0)
    throw new Fault('bad-input', `${model.name}: a width of ${model.width} does not divide into ${model.heads} heads.`)
  if (model.heads % model.keyValueHeads !== 0)
    throw new Fault(
      'bad-input',
      `${model.name}: ${model.heads} heads do not share ${model.keyValueHeads} heads of keys and values evenly.`,
    )
  return model
}

/** Columns of keys and values together, 2 h g / a. */
export const keyValueWidth = ({ width, heads, keyValueHeads }: ClusterModel): number =>
  (2 * width * keyValueHeads) / heads

/** Weights of a block's matrices: attention 2h² + 2h²g/a, MLP 2hf (3hf when gated). */
export const layerMatrixParameters = (model: ClusterModel): number =>
  model.width * (2 * model.width + keyValueWidth(model)) + (model.isGated ? 3 : 2) * model.width * model.feedForward

/**
 * Biases and norms of a block: 13h in GPT-2's form. Norms (4h, or 2h without biases) are held whole by every tensor
 * rank.
 */
const layerVectorParameters = (model: ClusterModel): number =>
  model.hasBiases
    ? 4 * model.width +
      2 * model.width +
      keyValueWidth(model) +
      model.feedForward * (model.isGated ? 2 : 1) +
      model.width
    : 2 * model.width

export const layerParameters = (model: ClusterModel): number =>
  layerMatrixParameters(model) + layerVectorParameters(model)

export const embeddingParameters = (model: ClusterModel): number =>
  (model.vocabulary + (model.positions === 'learned' ? model.context : 0)) * model.width

/** Every weight. Without the final norm's 2h this is 12Lh²(1 + 13/12h + (V+s)/12Lh), Narayanan et al. 2021, eq. 2. */
export const clusterParameters = (model: ClusterModel): number =>
  model.layers * layerParameters(model) +
  embeddingParameters(model) +
  (model.isHeadTied ? 0 : model.vocabulary * model.width) +
  (model.hasBiases ? 2 : 1) * model.width
