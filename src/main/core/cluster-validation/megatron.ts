// Measurements of Megatron-LM: Narayanan et al. 2021, Korthikanti et al. 2022, and NVIDIA's tables of 2020 and 2024.
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'
import { gptOf, need, nothing, number, planOf, type Reader } from './row.ts'

/** Korthikanti et al.: each row twice, all recomputed, and selective with sequence parallelism. */
export const korthikanti: Reader = (row) => {
  const model = gptOf(row, {})
  const plan = planOf({
    devices: need(row, 'gpus'),
    tensor: need(row, 'tp'),
    pipeline: need(row, 'pp'),
    interleave: need(row, 'interleave'),
    microBatch: need(row, 'microbatch'),
    batch: need(row, 'batch'),
    precision: 'fp16',
  })
  const machine = findGpuMachine('a100-80')
  return [
    {
      ...nothing,
      model,
      machine,
      plan: { ...plan, recompute: 'full' },
      seconds: need(row, 'full_recompute_s'),
      calculonSeconds: number(row['calculon_full_s[O]']),
    },
    {
      ...nothing,
      model,
      machine,
      plan: { ...plan, recompute: 'selective', sequenceParallel: true },
      seconds: need(row, 'seqpar_selective_s'),
      calculonSeconds: number(row['calculon_sel_s[O]']),
    },
  ]
}

export const table1: Reader = (row) => [
  {
    ...nothing,
    model: gptOf(row, {}),
    machine: findGpuMachine('a100-80'),
    plan: planOf({
      devices: need(row, 'gpus'),
      tensor: need(row, 'tp'),
      pipeline: need(row, 'pp'),
      batch: need(row, 'batch'),
      recompute: 'full',
      precision: 'fp16',
      gradientBytes: 2,
      overlapTensor: false,
    }),
    seconds: number(row['iter_s[C]']),
    calculonSeconds: number(row['calculon_iter_s_mbs1_v1[O]']),
    assumed: 'micro-batch 1, not interleaved: neither is published',
  },
]

export const table2: Reader = (row) => {
  const parameters = need(row, 'params_b')
  const model = findModel(parameters < 300 ? 'gpt3-175b' : 'mt-nlg-530b')
  const isSharded = row.scheme === 'zero3'
  return [
    {
      ...nothing,
      model,
      machine: findGpuMachine('a100-80'),
      plan: planOf({
        devices: need(row, 'gpus'),
        tensor: isSharded ? 1 : 8,
        pipeline: isSharded ? 1 : need(row, 'model_parallel') / 8,
        batch: need(row, 'batch'),
        microBatch: need(row, 'microbatch'),
        recompute: 'full',
        precision: 'fp16',
        overlapTensor: false,
        zero: isSharded ? 3 : 0,
        gradientBytes: 2,
        shardUnit: isSharded ? 'tensor' : 'layer',
      }),
      seconds: number(row['iter_s[C]']),
      calculonSeconds: number(row['calculon_iter_s_v1[O]']),
      assumed: 'not interleaved: not published',
    },
  ]
}

/** Megatron 2020 and 2024: micro-batch and recomputation are not published. */
export const megatron2020: Reader = (row) => {
  const gpus = need(row, 'gpus')
  const batch = need(row, 'batch')
  const data = gpus / need(row, 'tp')
  return [
    {
      ...nothing,
      model: gptOf(row, { context: 1024 }),
      machine: findGpuMachine(String(row.gpu).startsWith('V100') ? 'v100' : 'a100-80'),
      plan: planOf({
        devices: gpus,
        tensor: need(row, 'tp'),
        microBatch: batch / data,
        batch,
        recompute: 'full',
        precision: 'fp16',
        gradientBytes: 2,
        overlapTensor: false,
      }),
      seconds: need(row, 'iter_ms') / 1000,
      assumed: 'one micro-batch a step, all recomputed',
    },
  ]
}
export const megatronH100: Reader = (row) => {
  const model = gptOf(row, { context: 4096, vocabulary: 131_072 })
  const tensor = need(row, 'tp')
  const plan = planOf({
    devices: need(row, 'gpus'),
    tensor,
    pipeline: need(row, 'pp'),
    batch: need(row, 'batch'),
    recompute: 'none',
    attention: 'flash',
    sequenceParallel: tensor > 1,
    zero: 1,
    overlapData: true,
  })
  const flops =
    72 *
    plan.batch *
    model.context *
    model.layers *
    model.width ** 2 *
    (1 + model.context / (6 * model.width) + model.vocabulary / (12 * model.layers * model.width))
  return [
    {
      ...nothing,
      model,
      plan,
      machine: findGpuMachine('h100'),
      seconds: flops / plan.devices / need(row, 'tflops_per_gpu') / 1e12,
      assumed: 'micro-batch 1, not interleaved, nothing recomputed: none is published',
    },
  ]
}
