// What the operating system says of this machine.
import { cpus, totalmem } from 'node:os'
import type { MachineFacts } from './computer.ts'

export function machineFacts(): MachineFacts {
  const all = cpus()
  return { cpu: all[0]?.model.trim() ?? 'unknown', cores: Math.max(1, all.length), memoryBytes: totalmem() }
}
