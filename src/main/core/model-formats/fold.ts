// GPT-2's class knows no scales of its own: what muP multiplies in the forward pass is multiplied into the weights,
// once.
import type { ModelPlan } from '#shared/family/model.ts'

/**
 * The weights of a plain GPT-2 that computes the same function, up to rounding. Arrays that need no change are passed
 * on, not copied.
 * - x = m (tokens + positions): both tables times m. The head is tied, so it would grow too, hence
 * - logits = o · LayerNorm(x) · tokensᵀ: the last norm's gain and bias times o / m.
 * - scores = s · QKᵀ where GPT-2 has 1/sqrt(head size): Q's weights and biases times s · sqrt(head size).
 */
export function foldScales(
  { shape, parametrisation }: ModelPlan,
  parameters: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  const { embeddingScale: m, outputScale: o, attentionScale: s } = parametrisation
  const folded = new Map(parameters)
  const change = (name: string, factorAt: (index: number) => number) => {
    const data = folded.get(name)
    if (data)
      folded.set(
        name,
        data.map((value, i) => value * factorAt(i)),
      )
  }
  const queryFactor = s * Math.sqrt(shape.width / shape.heads)
  if (m !== 1) for (const name of ['wte.weight', 'wpe.weight']) change(name, () => m)
  if (o / m !== 1) for (const name of ['ln_f.weight', 'ln_f.bias']) change(name, () => o / m)
  if (Math.abs(queryFactor - 1) > 1e-12) {
    for (let i = 0; i < shape.layers; i++) {
      for (const name of [`h.${i}.attn.c_attn.weight`, `h.${i}.attn.c_attn.bias`]) {
        change(name, (index) => (index % (3 * shape.width) < shape.width ? queryFactor : 1))
      }
    }
  }
  return folded
}
