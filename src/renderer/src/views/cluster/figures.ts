// What the figures of a machine are called, and the unit a person reads them in.

const words: Record<string, [string, string, number]> = {
  matmulFlopsPerSecond: ['Dense 16-bit peak', 'TFLOP/s', 1e12],
  bestMatmulFlopsPerSecond: ['Best product measured', 'TFLOP/s', 1e12],
  multiprocessors: ['Multiprocessors', '', 1],
  memoryBytes: ['Memory', 'GB', 1e9],
  memoryBytesPerSecond: ['Memory bandwidth', 'GB/s', 1e9],
  deviceWatts: ['Power of a device', 'W', 1],
  devicesPerNode: ['Devices a node', '', 1],
  linkBytesPerSecond: ['Link in a node, each way', 'GB/s', 1e9],
  linkShare: ['Of it, a ring reaches', 'share', 1],
  linkLatencySeconds: ['Start of an all-reduce', 'µs', 1e-6],
  networkBytesPerSecond: ['Network of a node', 'GB/s', 1e9],
  networkPorts: ['Ports of a node', '', 1],
  networkLatencySeconds: ['Network latency', 'µs', 1e-6],
  utilisation: ['Of the peak, training reaches', 'share', 1],
  streamBytesPerSecond: ['Stream, each way', 'GB/s', 1e9],
  hopSeconds: ['A hop of the fabric', 'µs', 1e-6],
  fanOut: ['Fan-out of the fabric', '', 1],
  maximumSystems: ['Most systems', '', 1],
  storeBytes: ['Weight store', 'TB', 1e12],
  systemWatts: ['Power of a system', 'W', 1],
  lossPerDoubling: ['Lost a doubling of systems', 'share', 1],
}

/** `scale`: of the unit shown, in SI. A figure that has no words here is shown by its name. */
export function figureWords(name: string): { words: string; unit: string; scale: number } {
  const [said, unit, scale] = words[name] ?? [name, '', 1]
  return { words: said, unit, scale }
}
