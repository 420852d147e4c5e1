// Measurements of Megatron-DeepSpeed: vTrain's clusters, and BLOOM on Jean Zay.
import { findGpuMachine } from '#shared/cluster/presets.ts'
import { gptOf, need, nothing, number, planOf, type Reader, type Row } from './row.ts'

const gibibyte = 2 ** 30

/** vTrain: Megatron-DeepSpeed in fp16, 1F1B, all activations recomputed, gradients not bucketed. */
export const vtrain: Reader = (row) => [
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
export const bloom: Reader = (row, _index, all) => {
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
