// What the lab knows of machines and models: those that ship, and the machines a person added.
import type { Machine, Figure } from './machine.ts'
import type { ClusterModel } from './transformer.ts'

/** A machine as a file holds it: every number with its source. */
export interface MachineFile {
  id: string
  name: string
  note?: string
  kind: 'gpu' | 'wafer'
  /** 16- and 8-bit formats of the matrix units; GPUs only. */
  formats?: string[]
  figures: Record<string, Figure>
}

export interface MachineEntry {
  machine: Machine
  /** Added by the person: can be changed and deleted. */
  isOwn: boolean
}

export interface ClusterCatalogue {
  machines: MachineEntry[]
  models: ClusterModel[]
  /** Files of own machines that cannot be read, and why. */
  problems: { file: string; message: string }[]
}

/** The file of a machine: what `readMachine` reads, back again. */
export function machineFile(machine: Machine): MachineFile {
  const { id, name, note, kind, figures } = machine
  const formats = machine.kind === 'gpu' ? ['fp16', ...(machine.hasBf16 ? ['bf16'] : []), ...(machine.hasFp8 ? ['fp8'] : [])] : undefined
  return { id, name, ...(note === '' ? {} : { note }), kind, ...(formats ? { formats } : {}), figures }
}
