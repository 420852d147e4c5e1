// A GPT written out: forward block by block, backward block by block, over the kernels of any device. There is no tape.
import type { EngineName } from '#shared/engine.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { readActivations } from './activations.ts'
import { readAttention } from './attention-map.ts'
import { attendWithin, blockBackward, blockForward, blocksInference, release, type KeptBlock } from './block.ts'
import { createPrefixScorer, scoreRows } from './prefix-scoring.ts'
import { createContinuation } from './continuation.ts'
import { attentionGeometry, blockForm, embedForward, headForward, headLoss, headLosses } from './embedding-and-head.ts'
import type { Batch, ModelState, ObservedEngine, PrefixTree } from './engine.ts'
import type { Kernels, Tensor } from './kernels.ts'
import type { Passes, QueuePass } from './passes.ts'
import { holdWeights } from './weights.ts'

/** A model with its initial weights, or those given, on a device; owns the kernels and disposes them with itself. */
export function createGpt(
  kernels: Kernels,
  name: EngineName,
  model: ModelPlan,
  parameters?: ReadonlyMap<string, Float32Array>,
): ObservedEngine {
  const k = kernels
  const { parametrisation, shape } = model
  const weights = holdWeights(k, model, parameters)
  const w = weights.values
  const prefixScorer = createPrefixScorer(k, w, model)
  let updates = 0

  /** x [N, d] behind the last block, nothing kept. */
  function blocksForward({ inputs, rows, columns }: Pick<Batch, 'inputs' | 'rows' | 'columns'>): Tensor {
    const ids = k.ids(inputs)
    const x = embedForward(k, w, ids, columns, model)
    ids.dispose()
    return blocksInference(k, w.blocks, x, model.activation, attendWithin(k, attentionGeometry(model, rows, columns)))
  }
  const forward = (batch: Pick<Batch, 'inputs' | 'rows' | 'columns'>): Tensor =>
    headForward(k, w, blocksForward(batch), model) // logits [N, V]

  /** Forward and backward: the losses [N]; adds to the gradients. */
  const queuePass: QueuePass = (ids, targets, { rows, columns, gradientScale }) => {
    const { gradients: g } = weights.training()
    const form = blockForm(model, rows, columns)
    const kept: KeptBlock[] = []

    let x = embedForward(k, w, ids, columns, model)
    for (const block of w.blocks) {
      const step = blockForward(k, block, x, form)
      kept.push(step.kept)
      x = step.output
    }
    const { losses, dx } = headLoss(k, w, g, x, targets, gradientScale, model)
    let dy = dx
    for (let i = w.blocks.length - 1; i >= 0; i--) dy = blockBackward(k, w.blocks[i], g.blocks[i], dy, kept[i], form)
    k.embeddingBackward(dy, ids, columns, parametrisation.embeddingScale, g.tokens, g.positions)
    dy.dispose()
    return losses
  }
  const passes = k.passes?.(queuePass) ?? passesOneByOne(k, queuePass)

  const accumulate = async ({ inputs, targets, rows, columns }: Batch, weight: number): Promise<number> => {
    const scored = checkBatch({ inputs, targets, rows, columns }, shape)
    return meanOf(await passes.run({ rows, columns, gradientScale: weight / scored }, inputs, targets), scored)
  }

  return {
    name,
    device: k.device,
    deviceMemoryBytes: k.deviceMemoryBytes ?? null,
    model,
    accumulate,

    async gradientNorm(batch) {
      await accumulate(batch, 1)
      const { parameters } = weights.training()
      const norm = await k.globalNorm(parameters)
      for (const { gradient } of parameters) k.fill(gradient, 0)
      return norm
    },

    async update(learningRate, adam) {
      const { parameters } = weights.training()
      const norm = await k.globalNorm(parameters)
      if (!Number.isFinite(norm)) {
        throw new Fault(
          'diverged',
          `The gradient became ${norm} after ${updates} updates. A lower learning rate usually helps.`,
        )
      }
      const { beta1, beta2, epsilon, weightDecay } = adam
      const gradientScale = clipScale(norm, adam)
      prefixScorer.forget()
      updates++
      k.adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update: updates, gradientScale })
      return norm
    },

    async loss(batch) {
      const scored = checkBatch(batch, shape)
      const targets = k.ids(batch.targets)
      const losses = headLosses(k, w, blocksForward(batch), targets, model)
      targets.dispose()
      return meanOf(await readAndDispose(k, losses), scored)
    },

    async score(batch) {
      checkBatch(batch, shape)
      return scoreRows(k, w, model, blocksForward(batch), batch.targets)
    },

    async scorePrefixTrees(trees) {
      checkTrees(trees, shape)
      return prefixScorer.score(trees)
    },

    async logits(batch) {
      checkInputs(batch, shape)
      return readAndDispose(k, forward(batch))
    },

    async activations(batch) {
      checkInputs(batch, shape)
      return readActivations(k, w, model, batch)
    },

    async attention(inputs, layer) {
      checkInputs({ inputs, rows: 1, columns: inputs.length }, shape)
      return readAttention(k, w, model, inputs, layer)
    },

    continuation: () => createContinuation(k, w, model),

    async snapshot() {
      const state: ModelState = { updates, parameters: new Map(), firstMoments: new Map(), secondMoments: new Map() }
      for (const { name: parameter, value, firstMoment, secondMoment } of weights.training().parameters) {
        state.parameters.set(parameter, await k.read(value))
        state.firstMoments.set(parameter, await k.read(firstMoment))
        state.secondMoments.set(parameter, await k.read(secondMoment))
      }
      return state
    },

    restore(state) {
      prefixScorer.forget()
      updates = state.updates
      for (const { name: parameter } of weights.infos)
        k.write(weights.value(parameter), stored(state.parameters, parameter))
      // weights alone: for reading, or a fresh optimizer
      if (state.firstMoments.size === 0 && state.secondMoments.size === 0) return
      for (const { name: parameter, gradient, firstMoment, secondMoment } of weights.training().parameters) {
        k.write(firstMoment, stored(state.firstMoments, parameter))
        k.write(secondMoment, stored(state.secondMoments, parameter))
        k.fill(gradient, 0)
      }
    },

    memory: () => k.memory(),

    dispose() {
      prefixScorer.forget()
      passes.dispose()
      weights.dispose()
      k.dispose()
    },
  }
}

/** What clipping multiplies the gradient by (torch.nn.utils.clip_grad_norm_); a clipNorm of 0 or less clips nothing. */
export function clipScale(norm: number, { clipNorm }: AdamSettings): number {
  return clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1
}

function checkInputs(
  { inputs, rows, columns }: Pick<Batch, 'inputs' | 'rows' | 'columns'>,
  { context, vocabulary }: ModelPlan['shape'],
): void {
  if (inputs.length !== rows * columns) throw new Error(`${inputs.length} tokens are not ${rows} rows of ${columns}`)
  if (columns > context) throw new Error(`a sequence of ${columns} tokens is longer than the context of ${context}`)
  for (const id of inputs)
    if (!(id >= 0 && id < vocabulary)) throw new Error(`token ${id} is outside a vocabulary of ${vocabulary}`)
}

function checkTrees(trees: readonly PrefixTree[], shape: ModelPlan['shape']): void {
  if (trees.length === 0) throw new Error('there are no texts to score')
  for (const { prefix, suffixes } of trees) {
    if (suffixes.length === 0) throw new Error('a prefix without suffixes has nothing to score')
    for (const { inputs, targets } of suffixes) {
      const columns = prefix.length + inputs.length
      if (inputs.length === 0) throw new Error('a suffix needs at least one token')
      checkInputs({ inputs: Int32Array.from([...prefix, ...inputs]), rows: 1, columns }, shape)
      checkBatch({ inputs, targets, rows: 1, columns: inputs.length }, shape)
    }
  }
}

/** How many targets are scored; throws where a batch does not fit the model. */
function checkBatch(batch: Batch, shape: ModelPlan['shape']): number {
  checkInputs(batch, shape)
  if (batch.targets.length !== batch.inputs.length)
    throw new Error(`${batch.targets.length} targets for ${batch.inputs.length} tokens`)
  let scored = 0
  for (const id of batch.targets) {
    if (id >= shape.vocabulary) throw new Error(`target ${id} is outside a vocabulary of ${shape.vocabulary}`)
    if (id >= 0) scored++
  }
  if (scored === 0) throw new Error('a batch without a single scored target has no loss')
  return scored
}

function stored(tensors: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const data = tensors.get(name)
  if (!data) throw new Error(`the state has no ${name}`)
  return data
}

async function readAndDispose(k: Kernels, tensor: Tensor): Promise<Float32Array> {
  const data = await k.read(tensor)
  tensor.dispose()
  return data
}

/** Mean over the scored rows; the others are zero. Summed in double precision. */
function meanOf(losses: Float32Array, scored: number): number {
  let sum = 0
  for (const loss of losses) sum += loss
  return sum / scored
}

/** Kernels.passes for any device: each is queued anew. */
function passesOneByOne(k: Kernels, queue: QueuePass): Passes {
  return {
    async run(form, inputs, targets) {
      const on = { ids: k.ids(inputs), targets: k.ids(targets) }
      const losses = queue(on.ids, on.targets, form)
      release(on)
      return readAndDispose(k, losses)
    },
    dispose() {},
  }
}
