// Floating-point work of one step, counted as the papers count it: all of s², causal or not.
import { keyValueWidth, type ClusterModel } from './transformer.ts'
import type { Recompute } from './plan.ts'

/** How a utilisation was counted; names go next to every MFU. */
export type UtilisationConvention = 'megatron' | 'palm'

export const utilisationConventionNames: Record<UtilisationConvention, string> = {
  megatron: 'Korthikanti et al. 2022, eq. 7 and 8: every matrix, logits, all of s²',
  palm: 'PaLM: 6 N + 12 L h s a token',
}

/** Forward FLOPs of one block over `tokens` tokens: 24 h² + 4 s h a token in GPT-2's form. */
export function layerForwardFlops(model: ClusterModel, tokens: number): number {
  const { width, feedForward, context } = model
  const attention = 2 * width * (2 * width + keyValueWidth(model)) + 4 * context * width
  const mlp = 2 * width * feedForward * (model.isGated ? 3 : 2)
  return tokens * (attention + mlp)
}

const attentionCoreFlops = (model: ClusterModel, tokens: number): number => 4 * tokens * model.context * model.width

export const logitsForwardFlops = (model: ClusterModel, tokens: number): number =>
  2 * tokens * model.width * model.vocabulary

/**
 * Model FLOPs of a step: 72BsLh²(1 + s/6h + V/12hL), forward and twice that backward. Korthikanti et al. 2022, eq. 7.
 */
export const modelFlops = (model: ClusterModel, batch: number): number => {
  const tokens = batch * model.context
  return 3 * (model.layers * layerForwardFlops(model, tokens) + logitsForwardFlops(model, tokens))
}

/**
 * FLOPs the devices execute. Full recomputation adds one forward of every block: 96BsLh²(1 + s/6h + V/16Lh) (Narayanan
 * et al. 2021, eq. 3);
 * selective adds the attention core twice over, as eq. 8 of Korthikanti et al. 2022 counts it: 72BsLh²(1 + s/3h +
 * V/12hL).
 */
export function hardwareFlops(model: ClusterModel, batch: number, recompute: Recompute): number {
  const tokens = batch * model.context
  const base = modelFlops(model, batch)
  if (recompute === 'full') return base + model.layers * layerForwardFlops(model, tokens)
  if (recompute === 'selective') return base + model.layers * 3 * attentionCoreFlops(model, tokens)
  return base
}
