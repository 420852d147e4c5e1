// What the figures of a machine are called, and the unit a person reads them in.

const words: Record<string, [string, string, number]> = {
  matmulFlopsPerSecond: ['Dense 16-bit peak', 'TFLOP/s', 1e12],
  bestMatmulFlopsPerSecond: ['Best measured GEMM', 'TFLOP/s', 1e12],
  multiprocessors: ['Multiprocessors', '', 1],
  memoryBytes: ['Memory', 'GB', 1e9],
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
export function figureWords(name: string): { words: string; unit: string; scale: number } {
  const [said, unit, scale] = words[name] ?? [name, '', 1]
  return { words: said, unit, scale }
}
