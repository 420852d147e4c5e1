// The size of one GPT, and how many numbers it holds.

/** A GPT-2-shaped decoder: tied head, learned positions, four-fold MLP, biases everywhere. */
export interface GptShape {
  /** Blocks. */
  layers: number
  /** Features of a token inside the model, d. Divisible by `heads`. */
  width: number
  heads: number
  /** Longest sequence, tokens. */
  context: number
  /** Token ids, V. */
  vocabulary: number
}

/**
 * `gelu` is the exact erf form of Cerebras-GPT, `gelu_new` the tanh form of GPT-2. Names as in Hugging Face configs.
 */
export type Activation = 'gelu' | 'gelu_new'

/** Weights of one block: attention 4d² + 4d, MLP 8d² + 5d, two layer norms 4d. */
const blockParameters = (width: number): number => 12 * width ** 2 + 13 * width

/** Every trainable weight. The output projection is the token embedding, so it is counted once. */
export function countParameters({ layers, width, context, vocabulary }: GptShape): number {
  const embeddings = (vocabulary + context) * width
  const finalNorm = 2 * width
  return embeddings + layers * blockParameters(width) + finalNorm
}

export type ParameterKind = 'embedding' | 'position' | 'norm' | 'bias' | 'matrix' | 'residual'

/** One named tensor of the model, in Hugging Face GPT-2 names (without `transformer.`) and layout ([in, out]). */
export interface ParameterInfo {
  name: string
  shape: number[]
  /** `residual` matrices write into the residual stream (attn.c_proj, mlp.c_proj); they start smaller. */
  kind: ParameterKind
  /** Weight decay touches embeddings and matrices, never biases or norms. */
  decays: boolean
}

/** All parameters in the order in which they are stored, initialised and swept by the optimizer. */
export function listParameters({ layers, width, context, vocabulary }: GptShape): ParameterInfo[] {
  const tensor = (name: string, shape: number[], kind: ParameterKind): ParameterInfo => ({
    name,
    shape,
    kind,
    decays: kind !== 'norm' && kind !== 'bias',
  })
  const norm = (name: string) => [tensor(`${name}.weight`, [width], 'norm'), tensor(`${name}.bias`, [width], 'norm')]
  const linear = (name: string, from: number, to: number, kind: ParameterKind) => [
    tensor(`${name}.weight`, [from, to], kind),
    tensor(`${name}.bias`, [to], 'bias'),
  ]
  const block = (i: number) => [
    ...norm(`h.${i}.ln_1`),
    ...linear(`h.${i}.attn.c_attn`, width, 3 * width, 'matrix'),
    ...linear(`h.${i}.attn.c_proj`, width, width, 'residual'),
    ...norm(`h.${i}.ln_2`),
    ...linear(`h.${i}.mlp.c_fc`, width, 4 * width, 'matrix'),
    ...linear(`h.${i}.mlp.c_proj`, 4 * width, width, 'residual'),
  ]
  return [
    tensor('wte.weight', [vocabulary, width], 'embedding'),
    tensor('wpe.weight', [context, width], 'position'),
    ...Array.from({ length: layers }, (_, i) => block(i)).flat(),
    ...norm('ln_f'),
  ]
}
