// The machines and models that ship with the lab, read once and checked as any other file would be.
import { Fault } from '../fault.ts'
import { listed } from '../printable.ts'
import { readMachine, type GpuMachine, type Machine } from './machine.ts'
import { readModel, type ClusterModel } from './transformer.ts'
import a10040Neox from '../../../resources/machines/a100-40-neox.json' with { type: 'json' }
import a10040 from '../../../resources/machines/a100-40.json' with { type: 'json' }
import a10080JeanZayEarly from '../../../resources/machines/a100-80-jean-zay-early.json' with { type: 'json' }
import a10080JeanZay from '../../../resources/machines/a100-80-jean-zay.json' with { type: 'json' }
import a10080Vtrain from '../../../resources/machines/a100-80-vtrain.json' with { type: 'json' }
import a10080 from '../../../resources/machines/a100-80.json' with { type: 'json' }
import b200 from '../../../resources/machines/b200.json' with { type: 'json' }
import cs2 from '../../../resources/machines/cs2.json' with { type: 'json' }
import cs3 from '../../../resources/machines/cs3.json' with { type: 'json' }
import h100 from '../../../resources/machines/h100.json' with { type: 'json' }
import h200 from '../../../resources/machines/h200.json' with { type: 'json' }
import v100 from '../../../resources/machines/v100.json' with { type: 'json' }
import clusterModels from '../../../resources/models/cluster.json' with { type: 'json' }

/** In the order in which they are offered. */
export const machines: readonly Machine[] = [
  cs2,
  cs3,
  v100,
  a10040,
  a10080,
  h100,
  h200,
  b200,
  a10080JeanZay,
  a10080JeanZayEarly,
  a10080Vtrain,
  a10040Neox,
].map(readMachine)

export const models: readonly ClusterModel[] = clusterModels.map(readModel)

const find = <T extends { id: string }>(noun: string, all: readonly T[], id: string): T => {
  const found = all.find((one) => one.id === id)
  if (!found)
    throw new Fault('not-found', `There is no ${noun} "${id}". There are: ${listed(all.map((one) => one.id))}.`)
  return found
}

export const findMachine = (id: string): Machine => find('machine', machines, id)
export const findModel = (id: string): ClusterModel => find('model', models, id)

export function findGpuMachine(id: string): GpuMachine {
  const machine = findMachine(id)
  if (machine.kind !== 'gpu') throw new Fault('bad-input', `${machine.name} is not a GPU machine.`)
  return machine
}
