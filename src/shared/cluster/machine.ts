// What a cluster is made of: the third record. Files give a source for every number; here they are plain numbers.
import { Fault } from '#shared/fault.ts'

/** primary: read where it was published first; secondary: seen quoted; computed; assumption: ours, editable; unverified: from memory. */
export type FigureStatus = 'primary' | 'secondary' | 'computed' | 'assumption' | 'unverified'

/** One number of a machine file. */
export interface Figure {
  value: number
  source: string
  status: FigureStatus
}

interface MachineCommon {
  id: string
  name: string
  note: string
  /** Where each number came from, by its name here. */
  figures: Record<string, Figure>
}

export interface GpuMachine extends MachineCommon {
  kind: 'gpu'
  /** Dense 16-bit peak of one device. */
  matmulFlopsPerSecond: number
  /** The best matrix product measured on it. */
  bestMatmulFlopsPerSecond: number
  multiprocessors: number
  memoryBytes: number
  memoryBytesPerSecond: number
  deviceWatts: number
  devicesPerNode: number
  /** Between devices of a node, each way. 0: there is none. */
  linkBytesPerSecond: number
  /** Of the link's speed, what a ring reaches with many devices. */
  linkShare: number
  /** Start of an all-reduce inside a node. */
  linkLatencySeconds: number
  /** Between nodes, each way, a whole node. 0: there is none. */
  networkBytesPerSecond: number
  networkLatencySeconds: number
  hasBf16: boolean
  hasFp8: boolean
}

export interface WaferMachine extends MachineCommon {
  kind: 'wafer'
  /** Dense 16-bit peak of one system. */
  matmulFlopsPerSecond: number
  /** Of the peak, what training reaches: unpublished, the person's assumption. */
  utilisation: number
  memoryBytes: number
  /** Into and out of one system, each way. */
  streamBytesPerSecond: number
  hopSeconds: number
  fanOut: number
  maximumSystems: number
  storeBytes: number
  systemWatts: number
  /** Share of a step lost for each doubling of systems: fitted to 15.3 x at 16. */
  lossPerDoubling: number
}

export type Machine = GpuMachine | WaferMachine

const common = ['linkBytesPerSecond', 'networkBytesPerSecond'] // 0 is a meaning here: no such link
const gpuFigures = [
  'matmulFlopsPerSecond', 'bestMatmulFlopsPerSecond', 'multiprocessors', 'memoryBytes', 'memoryBytesPerSecond', 'deviceWatts', 'devicesPerNode',
  'linkBytesPerSecond', 'linkShare', 'linkLatencySeconds', 'networkBytesPerSecond', 'networkLatencySeconds',
] as const satisfies readonly (keyof GpuMachine)[]
const waferFigures = [
  'matmulFlopsPerSecond', 'utilisation', 'memoryBytes', 'streamBytesPerSecond', 'hopSeconds', 'fanOut', 'maximumSystems', 'storeBytes', 'systemWatts', 'lossPerDoubling',
] as const satisfies readonly (keyof WaferMachine)[]
const statuses: readonly string[] = ['primary', 'secondary', 'computed', 'assumption', 'unverified'] satisfies FigureStatus[]

/** A machine from a file: every figure known, positive and with a source. */
export function readMachine(given: unknown): Machine {
  const file = given as { id: string; name: string; note?: string; kind: 'gpu' | 'wafer'; formats?: string[]; figures: Record<string, Figure> }
  if (typeof given !== 'object' || given === null) throw new Fault('bad-input', 'A machine is a record with id, name, kind and figures.')
  const refuse = (sentence: string): never => { throw new Fault('bad-input', `Machine ${file.id ?? '(no id)'}: ${sentence}`) }
  const stranger = Object.keys(file).find((key) => !['id', 'name', 'note', 'kind', 'formats', 'figures'].includes(key))
  if (stranger !== undefined) refuse(`there is no field "${stranger}".`)
  if (typeof file.id !== 'string' || typeof file.name !== 'string') refuse('it needs an id and a name.')
  if (file.kind !== 'gpu' && file.kind !== 'wafer') refuse(`its kind must be gpu or wafer, not ${JSON.stringify(file.kind)}.`)
  const names: readonly string[] = file.kind === 'gpu' ? gpuFigures : waferFigures
  const figures = file.figures ?? {}
  for (const [name, figure] of Object.entries(figures)) {
    if (!names.includes(name)) refuse(`there is no figure "${name}". It has: ${names.join(', ')}.`)
    if (typeof figure?.value !== 'number' || !Number.isFinite(figure.value) || figure.value < 0) refuse(`"${name}" must be a number from 0; it is ${JSON.stringify(figure?.value)}.`)
    if (figure.value === 0 && !common.includes(name) && name !== 'lossPerDoubling') refuse(`"${name}" must be above 0.`)
    if (typeof figure.source !== 'string' || figure.source === '' || !statuses.includes(figure.status)) refuse(`"${name}" needs a source and a status (${statuses.join(', ')}).`)
  }
  const missing = names.find((name) => !(name in figures) && !common.includes(name))
  if (missing) refuse(`it needs the figure "${missing}".`)
  const values = Object.fromEntries(names.map((name) => [name, figures[name]?.value ?? 0]))
  const formats = file.formats ?? []
  const shared = { id: file.id, name: file.name, note: file.note ?? '', figures }
  return (file.kind === 'gpu'
    ? { kind: 'gpu', ...shared, ...values, hasBf16: formats.includes('bf16'), hasFp8: formats.includes('fp8') }
    : { kind: 'wafer', ...shared, ...values }) as unknown as Machine
}

/** The same machine with some numbers changed by the person. */
export function withFigures<M extends Machine>(machine: M, changes: Partial<Record<string, number>>): M {
  const figures = { ...machine.figures }
  for (const [name, value] of Object.entries(changes)) figures[name] = { value: value!, source: 'given by the person', status: 'assumption' }
  const { id, name, note, kind } = machine
  const formats = machine.kind === 'gpu' ? [...(machine.hasBf16 ? ['bf16'] : []), ...(machine.hasFp8 ? ['fp8'] : [])] : undefined
  return readMachine({ id, name, note, kind, ...(formats ? { formats } : {}), figures }) as M
}
