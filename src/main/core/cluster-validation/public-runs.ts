// Measurements of trainings that were published in prose: a plan a row, with its GPU and tokens per second.
import { findGpuMachine } from '#shared/cluster/presets.ts'
import { readModel } from '#shared/cluster/transformer.ts'
import { need, nothing, number, planOf, type Reader } from './row.ts'

/** Trainers whose blocks the host does not start one kernel at a time: written in C, or compiled as a graph. */
const compiledTrainers = /llm\.c|nanochat/i

/** What FSDP of PyTorch hides: ZeRO of 2 and 3 gather beside the block before, ZeRO-1 reduces in buckets. */
export const publicRun: Reader = (row) => {
  const gpu = String(row.gpu)
  const found = findGpuMachine(
    gpu.startsWith('h100') ? 'h100' : gpu.startsWith('h200') ? 'h200' : gpu === 'a100_40gb' ? 'a100-40' : 'a100-80',
  )
  const network = number(row.network_bytes_per_s_per_gpu)
  const machine = network === null ? found : { ...found, networkBytesPerSecond: network * found.devicesPerNode }
  const devices = need(row, 'gpus')
  const data = devices / (need(row, 'tensor') * need(row, 'pipeline'))
  const context = need(row, 'context')
  const batch = need(row, 'micro_batch') * need(row, 'accumulation') * data
  const tensor = need(row, 'tensor')
  return [
    {
      ...nothing,
      model: readModel({
        id: String(row.name),
        layers: need(row, 'layers'),
        width: need(row, 'width'),
        heads: need(row, 'heads'),
        keyValueHeads: need(row, 'kv_heads'),
        feedForward: need(row, 'feed_forward'),
        isGated: row.gated === true,
        context,
        vocabulary: need(row, 'vocabulary'),
        hasBiases: row.gated !== true,
      }),
      machine,
      plan: planOf({
        devices,
        tensor,
        pipeline: need(row, 'pipeline'),
        microBatch: need(row, 'micro_batch'),
        batch,
        recompute: row.recompute === 'full' || row.recompute === 'selective' ? row.recompute : 'none',
        attention: 'flash',
        zero: [1, 2, 3].includes(Number(row.zero)) ? (Number(row.zero) as 1 | 2 | 3) : 0,
        gradientBytes: 4,
        overlapData: true,
        sequenceParallel: tensor > 1,
        kernels: compiledTrainers.test(`${String(row.name)} ${String(row.source)}`) ? 'compiled' : 'separate',
      }),
      seconds: (batch * context) / (need(row, 'tokens_per_s_per_gpu') * devices),
      assumed: 'fused attention; HSDP as ZeRO-3, selective recomputation as none',
    },
  ]
}
