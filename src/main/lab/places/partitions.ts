// What sinfo says of a cluster's partitions, and whether the one that is meant takes what a run asks for.
import { Fault } from '#shared/fault.ts'
import type { SlurmCluster } from '#shared/place.ts'
import { limitSeconds } from './script.ts'

/** A row for each kind of limits that a partition's nodes have. */
export interface PartitionRow {
  name: string
  isDefault: boolean
  /** up, down, drain or inact. */
  state: string
  /** As sinfo writes it: 1-00:00:00, infinite. */
  limit: string
  nodes: number
  /** Of the smallest node; others may have more where `hasMore`. */
  cpus: number
  hasMore: boolean
  /** Nodes that are neither idle nor at work: down, drained, or of another shape than configured. */
  unusable: number
}

export const sinfoCommand = "sinfo -h -o '%P|%a|%l|%c|%F'"

/** Lines that are no rows are passed over: sites print greetings, and several clusters each their name. */
export function readPartitions(text: string): PartitionRow[] {
  return text.split('\n').flatMap((line) => {
    const [partition, state, limit, cpus, counts] = line.trim().split('|')
    const all = counts?.split('/').map(count)
    if (all?.length !== 4 || all.some(Number.isNaN) || !/^\d/.test(cpus)) return []
    return {
      ...{ name: partition.replace(/\*$/, ''), isDefault: partition.endsWith('*'), state, limit },
      ...{ nodes: all[3], unusable: all[2], cpus: count(cpus), hasMore: cpus.endsWith('+') },
    }
  })
}

/** 1.2K are some 1200. */
const count = (text: string): number => parseFloat(text) * (/K\+?$/i.test(text) ? 1000 : /M\+?$/i.test(text) ? 1e6 : 1)

/** What there is of the partition that a run goes to, in words; a Fault that says what to do where it takes none. */
export function choosePartition(rows: readonly PartitionRow[], cluster: SlurmCluster): string {
  const { partition, cpus, time } = cluster
  const names = [...new Set(rows.map(({ name }) => name))].join(', ')
  const wanted = rows.filter(({ name, isDefault }) => (partition ? partition.split(',').includes(name) : isDefault))
  if (wanted.length === 0)
    throw new Fault(
      'bad-input',
      partition
        ? `There is no partition ${partition}; there are ${names || 'none'}.`
        : `No partition is the default one: name one of ${names || 'none'}.`,
    )
  const [{ name, state }] = wanted
  const open = wanted.filter((row) => row.state === 'up')
  if (open.length === 0)
    throw new Fault('unavailable', `The partition ${name} is closed (${state}). Name another: ${names}.`)
  if (open.every(({ nodes, unusable }) => unusable === nodes))
    throw new Fault('unavailable', `All nodes of ${name} are down or drained. Name another: ${names}.`)
  const largest = Math.max(...open.map((row) => (row.hasMore ? Infinity : row.cpus)))
  if (largest < cpus)
    throw new Fault('bad-input', `A run asks for ${cpus} CPUs and a node of ${name} has ${largest}. Lower --cpus.`)
  const asked = time === null ? null : limitSeconds(time)
  if (asked !== null && open.every(({ limit }) => (limitSeconds(limit) ?? Infinity) < asked))
    throw new Fault('bad-input', `A job asks for ${time} and ${name} gives at most ${open[0].limit}. Lower --time.`)
  const nodes = open.reduce((sum, row) => sum + row.nodes, 0)
  const unusable = open.reduce((sum, row) => sum + row.unusable, 0)
  const least = Math.min(...open.map((row) => row.cpus))
  const sizes =
    least === largest ? `${least}` : Number.isFinite(largest) ? `${least} to ${largest}` : `${least} or more`
  const limit = open[0].limit === 'infinite' ? 'no time limit' : `at most ${open[0].limit}`
  return `${name}: ${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${sizes} CPUs${unusable ? `, ${unusable} down or drained` : ''}, ${limit}`
}
