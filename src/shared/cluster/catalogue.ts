// What the lab knows of machines and models: those that ship, and the machines a person added.
import type { Machine } from './machine.ts'
import type { ClusterModel } from './transformer.ts'

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
