// A Hugging Face config.json as a model of ours. Keys that are absent have GPT-2's own defaults; what we cannot compute
// is refused by name.
import { exactly } from '#shared/numbers.ts'
import { quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan, Parametrisation } from '#shared/family/model.ts'
import type { Activation } from '#shared/family/shape.ts'

type Config = Record<string, unknown>

/** Of any length in a config; sizes that do not fit the weights are found against them. */
const largestWhole = 10_000_000

/** Names that transformers uses for the two forms; the tanh form has several. */
const activations: Record<string, Activation> = {
  gelu: 'gelu',
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu_fast: 'gelu_new',
}

/** The model of a config, and its end of text. Fault `bad-input` or `unavailable` with the key that is at fault. */
export function readConfig(config: unknown, path: string): { model: ModelPlan; endOfText: number } {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new Fault('damaged', `${path} is no table of settings.`)
  const keys = config as Config
  const read = createReader(keys, path)
  const type = keys.model_type ?? 'gpt2'
  if (type !== 'gpt2' && type !== 'btlm')
    throw new Fault(
      'unavailable',
      `${path}: model_type is ${quoted(type)}; models of GPT-2's architecture can be imported.`,
    )
  read.refuseUnless('scale_attn_by_inverse_layer_idx', false)
  read.refuseUnless('add_cross_attention', false)
  read.refuseUnless('tie_word_embeddings', true)
  read.refuseUnless('layer_norm_epsilon', 1e-5)
  read.refuseUnless('position_embedding_type', 'learned')
  const width = read.whole('n_embd', 768)
  const heads = read.whole('n_head', 12)
  const vocabulary = read.whole('vocab_size', 50_257)
  const shape = {
    layers: read.whole('n_layer', 12),
    width,
    heads,
    context: read.whole(keys.n_positions === undefined ? 'n_ctx' : 'n_positions', 1024),
    vocabulary,
  }
  if (width % heads !== 0) throw new Fault('bad-input', `${path}: n_embd ${width} is not divisible by n_head ${heads}.`)
  if (keys.n_inner != null && keys.n_inner !== 4 * width)
    throw new Fault(
      'unavailable',
      `${path}: n_inner is ${quoted(keys.n_inner)}; models whose inner layer is ${4 * width}, four times as wide, can be imported.`,
    )
  const name = keys.activation_function ?? 'gelu_new'
  const activation = typeof name === 'string' ? activations[name] : undefined
  if (!activation)
    throw new Fault(
      'unavailable',
      `${path}: activation_function is ${quoted(name)}; ${Object.keys(activations).join(', ')} can be computed.`,
    )
  const parametrisation = scales(read, width / heads, type === 'btlm')
  return {
    model: { shape, activation, parametrisation, seed: 0 },
    endOfText: read.id('eos_token_id', Math.min(50_256, vocabulary - 1), vocabulary),
  }
}

/** Plain GPT-2 has attention scaled or not; muP's scales are those of Cerebras's btlm class. */
function scales(read: ReturnType<typeof createReader>, headSize: number, isMup: boolean): Parametrisation {
  const std = read.number('initializer_range', 0.02)
  const isScaled = read.flag('scale_attn_weights', true)
  const byHead = isMup && read.flag('mup_scale_qk_dot_by_d', false)
  return {
    embeddingScale: isMup ? read.number('mup_embeddings_scale', 1) : 1,
    attentionScale: !isScaled ? 1 : byHead ? 1 / headSize : 1 / Math.sqrt(headSize),
    outputScale: isMup ? read.number('mup_output_alpha', 1) * read.number('mup_width_scale', 1) : 1,
    initStd: { embedding: std, position: std, matrix: std, residual: std },
    learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
  }
}

function createReader(config: Config, path: string) {
  const wrong = (key: string, what: string) =>
    new Fault('bad-input', `${path}: ${key} must be ${what}; it is ${quoted(config[key])}.`)
  const valueOf = (key: string, absent: unknown): unknown => config[key] ?? absent
  return {
    whole(key: string, absent: number): number {
      const value = valueOf(key, absent)
      if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > largestWhole)
        throw wrong(key, `a whole number from 1 to ${exactly(largestWhole)}`)
      return value as number
    },
    /** A token's id; where a config lists several, the first. */
    id(key: string, absent: number, vocabulary: number): number {
      const value = valueOf(key, absent)
      const first: unknown = Array.isArray(value) ? value[0] : value
      return Number.isInteger(first) && (first as number) >= 0 && (first as number) < vocabulary
        ? (first as number)
        : absent
    },
    number(key: string, absent: number): number {
      const value = valueOf(key, absent)
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, 'a number')
      return value
    },
    flag(key: string, absent: boolean): boolean {
      const value = valueOf(key, absent)
      if (typeof value !== 'boolean') throw wrong(key, 'true or false')
      return value
    },
    refuseUnless(key: string, expected: unknown): void {
      const value = valueOf(key, expected)
      if (value !== expected)
        throw new Fault(
          'unavailable',
          `${path}: ${key} is ${quoted(value)}; models with ${JSON.stringify(expected)} can be imported.`,
        )
    },
  }
}
