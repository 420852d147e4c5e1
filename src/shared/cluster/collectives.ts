// Time of messages between devices: rings inside a node, hierarchies across nodes, sends from stage to stage.
import type { Calibration } from './calibration.ts'
import type { GpuMachine } from './machine.ts'

/** Devices of a group that sit in one node, when its ranks are `stride` apart. */
const groupInNode = (size: number, stride: number, machine: GpuMachine): number =>
  Math.max(1, Math.min(size, Math.floor(machine.devicesPerNode / Math.min(stride, machine.devicesPerNode))))

/**
 * Bus bandwidth and start of a ring over `size` devices, `stride` ranks apart. Inside a node the link, less with few
 * devices
 * (195, 221, 228 GB/s of 300 with 2, 4, 8 A100s: 1 - 0.6 / n²). Across nodes the groups that share a node share its
 * network. Where several
 * devices of a node are in one ring, others in another, and ports are fewer than devices, rings meet on ports; a ring
 * goes as fast as its slowest
 * hop, so each doubling of nodes costs it the same share again.
 */
export function ring(
  size: number,
  stride: number,
  machine: GpuMachine,
  { networkShare, partialRingShare }: Calibration,
): { bytesPerSecond: number; startSeconds: number } {
  const inNode = groupInNode(size, stride, machine)
  const link = machine.linkBytesPerSecond * machine.linkShare * (1 - 0.6 / (inNode * inNode))
  const linkStart = machine.linkLatencySeconds * (0.97 + 0.07 * inNode)
  if (size <= inNode) return { bytesPerSecond: link, startSeconds: linkStart }
  const groups = machine.devicesPerNode / inNode
  const nodes = Math.ceil(size / inNode)
  const meets = inNode > 1 && groups > 1 && machine.networkPorts > 0 && machine.networkPorts < machine.devicesPerNode
  const network =
    ((machine.networkBytesPerSecond * networkShare) / groups) * (meets ? partialRingShare ** Math.log2(nodes) : 1)
  return {
    bytesPerSecond: inNode > 1 ? Math.min(link, network) : network,
    startSeconds:
      (inNode > 1 ? linkStart : 0) +
      2 * machine.networkLatencySeconds * Math.ceil(Math.log2(nodes)) +
      machine.networkLatencySeconds,
  }
}

/** All-reduce of `bytes`: start + 2(n-1)/n bytes / bus. */
export function allReduceSeconds(
  bytes: number,
  size: number,
  stride: number,
  machine: GpuMachine,
  constants: Calibration,
): number {
  if (size <= 1) return 0
  const { bytesPerSecond, startSeconds } = ring(size, stride, machine, constants)
  return startSeconds + (2 * (size - 1) * bytes) / (size * bytesPerSecond)
}

/** A hop of a ring inside a node, NVIDIA/nccl src/graph/tuning.cc at 5067397c (ring, NVLink, Simple). */
const hopSeconds = 3.4e-6

/**
 * All-gather or reduce-scatter of `bytes` in all: half an all-reduce, and always a ring, whose every hop costs where
 * there are many.
 */
export function gatherSeconds(
  bytes: number,
  size: number,
  stride: number,
  machine: GpuMachine,
  constants: Calibration,
): number {
  if (size <= 1) return 0
  const { bytesPerSecond, startSeconds } = ring(size, stride, machine, constants)
  const inNode = groupInNode(size, stride, machine)
  const hops = size > inNode ? (size - size / inNode) * hopSeconds + (size / inNode) * machine.networkLatencySeconds : 0
  return startSeconds / 2 + hops + ((size - 1) * bytes) / (size * bytesPerSecond)
}

/** One send of `bytes` from every device to its counterpart `stride` ranks on. */
export function sendSeconds(
  bytes: number,
  stride: number,
  devices: number,
  machine: GpuMachine,
  { networkShare }: Calibration,
): number {
  const crosses = devices > machine.devicesPerNode // then some boundary between stages is one between nodes
  if (!crosses) return machine.linkLatencySeconds / 4 + bytes / (machine.linkBytesPerSecond * machine.linkShare)
  const senders = Math.min(stride, machine.devicesPerNode) // of a node, at once
  return machine.networkLatencySeconds + (bytes * senders) / (machine.networkBytesPerSecond * networkShare)
}
