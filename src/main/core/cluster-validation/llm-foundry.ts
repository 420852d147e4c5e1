// Measurements of llm-foundry: MPT models under PyTorch's FSDP.
import { findGpuMachine } from '#shared/cluster/presets.ts'
import { readModel } from '#shared/cluster/transformer.ts'
import { need, nothing, planOf, type Reader } from './row.ts'

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
export const foundry: Reader = (row) => {
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
        kernels: 'separate',
      }),
      seconds: (batch * need(row, 'seq')) / need(row, 'tokens_per_s'),
    },
  ]
}
