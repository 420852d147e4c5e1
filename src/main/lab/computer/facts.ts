// What the operating system says of this machine.
import { cpus } from 'node:os'
import { usableMemoryBytes } from '#main/platform/disk/computer.ts'
import type { MachineFacts } from './computer.ts'

export function machineFacts(): MachineFacts {
  const all = cpus()
  return { cpu: all[0]?.model.trim() ?? 'unknown', cores: Math.max(1, all.length), memoryBytes: usableMemoryBytes() }
}
