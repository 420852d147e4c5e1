// Published measurements as trials: each table of a validation file becomes models, plans and machines.
import { Fault } from '#shared/fault.ts'
import { gpuPlanDefaults, machineComplaint, planComplaint, type GpuPlan } from '#shared/cluster/plan.ts'
import type { Trial } from '#shared/cluster/trial.ts'
import { readModel, type ClusterModel } from '#shared/cluster/transformer.ts'
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'

/** A table as files hold it. */
interface Table {
  columns?: string[]
  rows?: unknown[][]
}

/** One row, by the names of its columns. Marks such as [O] and [C] are part of a name. */
type Row = Record<string, unknown>

/** The trials of one row; `all` are the rows of its table. */
type Reader = (row: Row, index: number, all: readonly Row[]) => Omit<Trial, 'table' | 'row'>[]

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const need = (row: Row, name: string): number => {
  const value = number(row[name])
  if (value === null)
    throw new Fault('damaged', `A row has no number in its column "${name}": ${JSON.stringify(row).slice(0, 200)}`)
  return value
}
const gibibyte = 2 ** 30
const nothing = {
  seconds: null,
  bytes: null,
  outOfMemory: null,
  calculonSeconds: null,
  calculonBytes: null,
  assumed: '',
} as const
const gptOf = (row: Row, more: Partial<ClusterModel>): ClusterModel =>
  readModel({
    id: `${need(row, 'layers')}x${need(row, 'hidden')}x${need(row, 'heads')}`,
    layers: need(row, 'layers'),
    width: need(row, 'hidden'),
    heads: need(row, 'heads'),
    ...more,
  })
const planOf = (changes: Partial<GpuPlan> & Pick<GpuPlan, 'devices' | 'batch'>): GpuPlan => ({
  ...gpuPlanDefaults,
  ...changes,
})

/** vTrain: Megatron-DeepSpeed in fp16, 1F1B, all activations recomputed, gradients not bucketed. */
const vtrain: Reader = (row) => [
  {
    ...nothing,
    model: gptOf(row, { context: need(row, 'seq') }),
    machine: findGpuMachine('a100-80-vtrain'),
    plan: planOf({
      devices: need(row, 'gpus'),
      tensor: need(row, 'tp'),
      pipeline: need(row, 'pp'),
      microBatch: need(row, 'microbatch'),
      batch: need(row, 'batch'),
      recompute: 'full',
      precision: 'fp16',
      gradientBytes: 2,
      overlapTensor: false,
    }),
    seconds: need(row, 'iter_ms') / 1000,
    calculonSeconds: number(row['calculon_ms_ib12.5[O]']) === null ? null : need(row, 'calculon_ms_ib12.5[O]') / 1000,
  },
]

/** From this day: bf16, gradients summed in fp32 beside those in 16 bits, embeddings cut as layers are. */
const bloomFinal = '02-28'
/** From this day: PCIe and NUMA placement repaired. */
const bloomRepair = '02-25'

/**
 * Jean Zay: Megatron-DeepSpeed with ALiBi. A row whose degrees do not make its GPUs, or whose seconds and TFLOP/s are
 * another's swapped, keeps no time.
 */
const bloom: Reader = (row, _index, all) => {
  const devices = need(row, 'nodes') * 8
  if (need(row, 'dp') * need(row, 'tp') * need(row, 'pp') !== devices) return []
  const isFinal = String(row.date) >= bloomFinal
  const samePlan = (other: Row) =>
    ['hidden', 'layers', 'heads', 'dp', 'tp', 'pp', 'mbs', 'gbs', 'nodes', 'zero'].every(
      (name) => other[name] === row[name],
    )
  const isSwapped = all.some(
    (other) =>
      other !== row &&
      samePlan(other) &&
      other.sec_it === row.tflops &&
      other.tflops === row.sec_it &&
      need(row, 'sec_it') < need(other, 'sec_it'),
  )
  const model = gptOf(row, { vocabulary: 250_880, positions: 'alibi' })
  const seconds = number(row.sec_it)
  // 96BsLh²(1 + s/6h + V/16Lh) / (n s) must give the printed TFLOP/s.
  const flops =
    96 *
    need(row, 'gbs') *
    2048 *
    model.layers *
    model.width ** 2 *
    (1 + 2048 / (6 * model.width) + 250_880 / (16 * model.layers * model.width))
  const isConsistent =
    seconds !== null && !isSwapped && Math.abs(flops / devices / seconds / 1e12 / need(row, 'tflops') - 1) < 0.03
  return [
    {
      ...nothing,
      model,
      machine: findGpuMachine(String(row.date) < bloomRepair ? 'a100-80-jean-zay-early' : 'a100-80-jean-zay'),
      plan: planOf({
        devices,
        tensor: need(row, 'tp'),
        pipeline: need(row, 'pp'),
        microBatch: need(row, 'mbs'),
        batch: need(row, 'gbs'),
        recompute: 'full',
        overlapTensor: false,
        zero: row.zero === 0 ? 0 : 1,
        precision: isFinal ? 'bf16' : 'fp16',
        gradientBytes: isFinal ? 6 : 2,
        embeddingsAsLayers: isFinal,
      }),
      seconds: isConsistent ? seconds : null,
      bytes: number(row.mem_gb) === null ? null : need(row, 'mem_gb') * gibibyte,
      outOfMemory: row.oom === true ? true : number(row.mem_gb) === null ? null : false,
      calculonSeconds: number(row['calculon_s[O]']),
      calculonBytes: number(row['calculon_gib[O]']) === null ? null : need(row, 'calculon_gib[O]') * gibibyte,
    },
  ]
}

/** Korthikanti et al.: each row twice, all recomputed, and selective with sequence parallelism. */
const korthikanti: Reader = (row) => {
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

/** MPT shapes of llm-foundry's own configurations: layers, width, heads. */
const mpt: Record<string, [number, number, number]> = {
  '125m': [12, 768, 12],
  '350m': [24, 1024, 16],
  '760m': [24, 1536, 12],
  '1b': [24, 2048, 16],
  '3b': [32, 2560, 20],
  '7b': [32, 4096, 32],
  '13b': [40, 5120, 40],
  '30b': [48, 7168, 56],
  '70b': [80, 8192, 64],
}

/** llm-foundry: PyTorch FSDP with fused attention, no tensor or pipeline parallelism. */
const foundry: Reader = (row) => {
  const shape = mpt[String(row.model)]
  const gpu = String(row.gpu)
  const machine = gpu.startsWith('h100') ? 'h100' : gpu === 'a100_40gb' ? 'a100-40' : 'a100-80'
  if (!shape) return []
  const batch = need(row, 'batch_seqs')
  return [
    {
      ...nothing,
      model: readModel({
        id: `mpt-${String(row.model)}`,
        layers: shape[0],
        width: shape[1],
        heads: shape[2],
        context: need(row, 'seq'),
        vocabulary: 50_368,
        hasBiases: false,
      }),
      machine: findGpuMachine(machine),
      plan: planOf({
        devices: need(row, 'gpus'),
        microBatch: need(row, 'microbatch'),
        batch,
        recompute: row.act_ckpt === true ? 'full' : 'none',
        attention: 'flash',
        zero: row.sharding === 'SHARD_GRAD_OP' ? 2 : 3,
        precision: String(row.precision).includes('fp8') ? 'fp8' : 'bf16',
        gradientBytes: 4,
        overlapData: true,
      }),
      seconds: (batch * need(row, 'seq')) / need(row, 'tokens_per_s'),
    },
  ]
}

const table1: Reader = (row) => [
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

const table2: Reader = (row) => {
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
const megatron2020: Reader = (row) => {
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
const megatronH100: Reader = (row) => {
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

/** Every table that can be tried, by its key in the file. */
const readers: Record<string, Reader> = {
  vtrain_multi: vtrain,
  vtrain_single: vtrain,
  bloom_prequel: bloom,
  korthikanti,
  llm_foundry_fsdp: foundry,
  megatron_table1: table1,
  megatron_table2: table2,
  megatron_2020: megatron2020,
  megatron_h100: megatronH100,
}

/** What a validation file gave. */
export interface Reading {
  trials: Trial[]
  /**
   * Rows that cannot be tried, and why: a shape nobody published, degrees that do not make the GPUs, a plan that cannot
   * be.
   */
  passedOver: { table: string; row: number; because: string }[]
}

/**
 * The trials of a validation file, table by table; tables of another kind are left alone, rows that cannot be tried are
 * named.
 */
export function readTrials(file: unknown): Reading {
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new Fault('damaged', 'A validation file is a JSON object of tables with columns and rows.')
  const reading: Reading = { trials: [], passedOver: [] }
  for (const [table, read] of Object.entries(readers)) {
    const { columns, rows } = ((file as Record<string, Table>)[table] ?? {}) as Table
    if (!columns || !rows) continue
    const named = rows.map((cells): Row => {
      if (!Array.isArray(cells) || cells.length > columns.length)
        throw new Fault(
          'damaged',
          `Table ${table}: a row does not have its ${columns.length} columns: ${JSON.stringify(cells).slice(0, 200)}`,
        )
      return Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? null]))
    })
    named.forEach((row, index) => {
      const trials = read(row, index, named)
      const complaint =
        trials.length === 0
          ? 'its shape or its degrees are not known'
          : trials
              .map(({ model, plan, machine }) => planComplaint(model, plan) ?? machineComplaint(plan, machine))
              .find(Boolean)
      if (complaint) reading.passedOver.push({ table, row: index, because: complaint })
      else reading.trials.push(...trials.map((trial) => ({ ...trial, table, row: index })))
    })
  }
  if (reading.trials.length === 0)
    throw new Fault('damaged', `No table can be tried. Known tables: ${Object.keys(readers).join(', ')}.`)
  return reading
}
