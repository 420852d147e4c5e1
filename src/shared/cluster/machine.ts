// What a cluster is made of: the third record. Files give a source for every number; here they are plain numbers.
import { longestName, quoted } from '../bounds.ts'
import { Fault } from '../fault.ts'
import { listed } from '../printable.ts'

/**
 * primary: read where it was published first; secondary: seen quoted; computed; assumption: ours, editable; unverified:
 * from memory.
 */
export type FigureStatus = 'primary' | 'secondary' | 'computed' | 'assumption' | 'unverified'

/** One number of a machine file. */
export interface Figure {
  value: number
  source: string
  status: FigureStatus
}

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
  /** Of a node, to the network. 0: not known, and each device is taken to have its own. */
  networkPorts: number
  networkLatencySeconds: number
  /** Of products in fp32, which the matrix units do not take. 0: not known. */
  fp32FlopsPerSecond: number
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

// 0 is a meaning here: no such link, or not known
const common = ['linkBytesPerSecond', 'networkBytesPerSecond', 'networkPorts', 'fp32FlopsPerSecond']
const gpuFigures = [
  'matmulFlopsPerSecond',
  'bestMatmulFlopsPerSecond',
  'multiprocessors',
  'memoryBytes',
  'memoryBytesPerSecond',
  'deviceWatts',
  'devicesPerNode',
  'linkBytesPerSecond',
  'linkShare',
  'linkLatencySeconds',
  'networkBytesPerSecond',
  'networkPorts',
  'networkLatencySeconds',
  'fp32FlopsPerSecond',
] as const satisfies readonly (keyof GpuMachine)[]
const waferFigures = [
  'matmulFlopsPerSecond',
  'utilisation',
  'memoryBytes',
  'streamBytesPerSecond',
  'hopSeconds',
  'fanOut',
  'maximumSystems',
  'storeBytes',
  'systemWatts',
  'lossPerDoubling',
] as const satisfies readonly (keyof WaferMachine)[]
const statuses: readonly string[] = [
  'primary',
  'secondary',
  'computed',
  'assumption',
  'unverified',
] satisfies FigureStatus[]

const isName = (given: unknown): given is string =>
  typeof given === 'string' && given !== '' && given.length <= longestName

/** A machine from a file: every figure known, positive and with a source. */
export function readMachine(given: unknown): Machine {
  const file = given as MachineFile
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Fault('bad-input', 'A machine is a record with id, name, kind and figures.')
  const refuse = (sentence: string): never => {
    throw new Fault('bad-input', `Machine ${isName(file.id) ? file.id : '(no id)'}: ${sentence}`)
  }
  const unknown = Object.keys(file).find((key) => !['id', 'name', 'note', 'kind', 'formats', 'figures'].includes(key))
  if (unknown !== undefined) refuse(`there is no field ${quoted(unknown)}.`)
  if (!isName(file.id) || !isName(file.name))
    refuse(`it needs an id and a name, of at most ${longestName} characters each.`)
  if (file.note !== undefined && typeof file.note !== 'string') refuse('its note must be text.')
  if (file.kind === 'wafer' && file.formats !== undefined) refuse('"formats" is for GPUs.')
  const format = Array.isArray(file.formats ?? [])
    ? (file.formats ?? []).find((one) => !['fp16', 'bf16', 'fp8'].includes(one))
    : file.formats
  if (format !== undefined) refuse(`its formats are of fp16, bf16 and fp8, not ${quoted(format)}.`)
  if (file.kind !== 'gpu' && file.kind !== 'wafer') refuse(`its kind must be gpu or wafer, not ${quoted(file.kind)}.`)
  const names: readonly string[] = file.kind === 'gpu' ? gpuFigures : waferFigures
  const figures = file.figures ?? {}
  if (typeof figures !== 'object' || Array.isArray(figures))
    refuse('its figures are a record of named numbers, each with value, source and status.')
  for (const [name, figure] of Object.entries(figures)) {
    if (!names.includes(name)) refuse(`there is no figure ${quoted(name)}. It has: ${listed(names)}.`)
    const odd = Object.keys(figure ?? {}).find((key) => !['value', 'source', 'status'].includes(key))
    if (odd !== undefined) refuse(`"${name}" has no field ${quoted(odd)}; a figure is value, source and status.`)
    if (typeof figure?.value !== 'number' || !Number.isFinite(figure.value) || figure.value < 0)
      refuse(`"${name}" must be a number from 0; it is ${quoted(figure?.value)}.`)
    if (figure.value === 0 && !common.includes(name) && name !== 'lossPerDoubling') refuse(`"${name}" must be above 0.`)
    if (typeof figure.source !== 'string' || figure.source === '' || !statuses.includes(figure.status))
      refuse(`"${name}" needs a source and a status (${statuses.join(', ')}).`)
  }
  for (const name of ['devicesPerNode', 'multiprocessors', 'networkPorts', 'fanOut', 'maximumSystems']) {
    const value = figures[name]?.value
    if (value !== undefined && !Number.isSafeInteger(value)) refuse(`"${name}" must be a whole number; it is ${value}.`)
  }
  for (const name of ['linkShare', 'utilisation'])
    if ((figures[name]?.value ?? 0) > 1) refuse(`"${name}" is a share, at most 1; it is ${figures[name].value}.`)
  if (figures.fanOut && figures.fanOut.value < 2)
    refuse('"fanOut" must be at least 2: a tree that does not branch joins nothing.')
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
  const file = machineFile(machine)
  for (const [name, value] of Object.entries(changes))
    file.figures = { ...file.figures, [name]: { value: value!, source: 'given by the person', status: 'assumption' } }
  return readMachine(file) as M
}

/**
 * Names of the figures of a kind of machine, in the order in which they are shown; `isOptional`: 0 or absent means that
 * there is none, or that it is not known.
 */
export const figuresOf = (kind: Machine['kind']): { name: string; isOptional: boolean }[] =>
  (kind === 'gpu' ? gpuFigures : waferFigures).map((name) => ({ name, isOptional: common.includes(name) }))

/** The file of a machine: what `readMachine` reads, back again. */
export function machineFile(machine: Machine): MachineFile {
  const { id, name, note, kind, figures } = machine
  const formats =
    machine.kind === 'gpu'
      ? ['fp16', ...(machine.hasBf16 ? ['bf16'] : []), ...(machine.hasFp8 ? ['fp8'] : [])]
      : undefined
  return { id, name, ...(note === '' ? {} : { note }), kind, ...(formats ? { formats } : {}), figures }
}
