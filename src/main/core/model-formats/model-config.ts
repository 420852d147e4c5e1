// A model as the config.json that `transformers` reads: GPT-2's, or btlm's with muP's scales.
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'

/** The keys of Cerebras's btlm class, which computes the scales that GPT-2's does not know. */
export function mupConfig({ shape, parametrisation }: ModelPlan): Record<string, unknown> {
  const { embeddingScale, attentionScale, outputScale } = parametrisation
  const headSize = shape.width / shape.heads
  const isByHead = Math.abs(attentionScale * headSize - 1) < 1e-9
  if (!isByHead && Math.abs(attentionScale * Math.sqrt(headSize) - 1) > 1e-9)
    throw new Fault(
      'unavailable',
      `The attention's scale of ${attentionScale} has no place in a config; export the model with its scales multiplied into the weights.`,
    )
  return {
    architectures: ['BTLMLMHeadModel'],
    model_type: 'btlm',
    position_embedding_type: 'learned',
    mup_embeddings_scale: embeddingScale,
    mup_output_alpha: outputScale,
    mup_width_scale: 1,
    mup_scale_qk_dot_by_d: isByHead,
  }
}

/**
 * GPT2Config. Dropout is 0: the recipe trains without. `activation_function` tells erf from tanh, which GPT-2's default
 * does not.
 */
export function modelConfig(
  { shape, activation, parametrisation }: ModelPlan,
  endOfText: number,
): Record<string, unknown> {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: activation,
    attn_pdrop: 0,
    bos_token_id: endOfText,
    embd_pdrop: 0,
    eos_token_id: endOfText,
    initializer_range: parametrisation.initStd.matrix,
    layer_norm_epsilon: 1e-5,
    n_embd: shape.width,
    n_head: shape.heads,
    n_inner: null,
    n_layer: shape.layers,
    n_positions: shape.context,
    reorder_and_upcast_attn: false,
    resid_pdrop: 0,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    tie_word_embeddings: true,
    torch_dtype: 'float32',
    use_cache: true,
    vocab_size: shape.vocabulary,
  }
}
