// What the figures of a machine are called, and the unit a person reads them in.

import { formatBytes } from '#shared/numbers.ts'

const words: Record<string, [string, string, number]> = {
  matmulFlopsPerSecond: ['Dense 16-bit peak', 'TFLOP/s', 1e12],
  bestMatmulFlopsPerSecond: ['Best measured GEMM', 'TFLOP/s', 1e12],
  multiprocessors: ['Multiprocessors', '', 1],
  memoryBytes: ['Memory', 'GiB', 2 ** 30],
  memoryBytesPerSecond: ['Memory bandwidth', 'GB/s', 1e9],
  deviceWatts: ['Power per device', 'W', 1],
  devicesPerNode: ['Devices per node', '', 1],
  linkBytesPerSecond: ['Link within a node, per direction', 'GB/s', 1e9],
  linkShare: ['Ring bus efficiency', 'share', 1],
  linkLatencySeconds: ['All-reduce launch latency', 'µs', 1e-6],
  networkBytesPerSecond: ['Network per node', 'GB/s', 1e9],
  networkPorts: ['NICs per node', '', 1],
  networkLatencySeconds: ['Network latency', 'µs', 1e-6],
  fp32FlopsPerSecond: ['Dense fp32 peak', 'TFLOP/s', 1e12],
  utilisation: ['Achievable fraction of peak', 'share', 1],
  streamBytesPerSecond: ['Stream, per direction', 'GB/s', 1e9],
  hopSeconds: ['A hop of the fabric', 'µs', 1e-6],
  fanOut: ['Fan-out of the fabric', '', 1],
  maximumSystems: ['Most systems', '', 1],
  storeBytes: ['Weight store', 'TB', 1e12],
  systemWatts: ['Power per system', 'W', 1],
  lossPerDoubling: ['Lost per doubling of systems', 'share', 1],
}

/** `scale`: of the unit shown, in SI. A figure that has no words here is shown by its name. */
export function figureWords(name: string, memoryBytes: number): { words: string; unit: string; scale: number } {
  const [said, unit, scale] = words[name] ?? [name, '', 1]
  if (name === 'memoryBytes' && !isBinary(memoryBytes)) return { words: said, unit: 'GB', scale: 1e9 }
  return { words: said, unit, scale }
}

const fields: Record<string, string> = {
  devices: 'devices',
  tensor: 'tensor',
  pipeline: 'pipeline',
  interleave: 'virtual stages',
  microBatch: 'micro-batch',
  batch: 'batch',
  systems: 'systems',
  schedule: 'schedule',
  precision: 'precision',
  recompute: 'recompute',
  attention: 'attention',
}
/** One field of a plan with its value: `pipeline 2`, `ZeRO-1`, `no sequence parallelism`. */
export function fieldWords(field: string, value: string): string {
  if (field === 'zero') return `ZeRO-${value}`
  if (field === 'sequenceParallel') return value === 'true' ? 'sequence parallel' : 'no sequence parallelism'
  if (field === 'attention' && value === 'flash') return 'FlashAttention'
  return `${fields[field] ?? field} ${value}`
}

const gib = 2 ** 30
const isBinary = (bytes: number): boolean => Math.abs(bytes / gib - Math.round(bytes / gib)) < 1e-6
/** Bytes of a memory in the unit of its vendor: `80 GiB` where it is built of binary units, else SI. */
export function memoryText(bytes: number, capacity: number): string {
  return isBinary(capacity) ? `${Number((bytes / gib).toPrecision(3))}\u00a0GiB` : formatBytes(bytes)
}
