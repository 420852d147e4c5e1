// What `isoflop bench` says: one plain document, and the same as a table for people.
import { exactly } from '#shared/numbers.ts'
import type { KernelTime } from './profile.ts'
import { precisionOf, type Contestant, type PeerPrecision } from './task.ts'

/** A median with the smallest and largest of its samples. */
export interface Spread {
  median: number
  least: number
  most: number
}

export interface Measured {
  engine: Contestant
  /** "native, AVX-512, 2 threads". */
  device: string
  /** Tokens per second; FLOP/s for matrix products. */
  rate: Spread
  /** Training FLOP/s by 6 N + 12 L d T a token; null where the rate is no training. */
  flopsPerSecond: number | null
  /** Of the process that did this and nothing else. */
  peakRssBytes: number
}

/** One piece of work, done by everyone who could. */
export interface Comparison {
  /** "train A", "generate A", "product 2048³". */
  name: string
  unit: 'tokens/s' | 'FLOP/s'
  measured: Measured[]
  /** Who could not take part, and why. */
  absent: { engine: string; message: string }[]
  /** First engine against the fastest peer in fp32, slice by slice; null without a peer. */
  against: Against | null
  /** That engine's fastest precision against the fastest peer in any. */
  againstFastest: (Against & { engine: Contestant; precision: PeerPrecision }) | null
}

interface Against {
  peer: string
  ratio: Spread
  memoryRatio: number
}

export interface Profile {
  name: string
  /** A register-resident multiply-add loop on the same threads, FLOP/s; null for engines that have none. */
  peakFlopsPerSecond: number | null
  kernels: KernelTime[]
}

export interface BenchReport {
  cpu: string
  logicalCores: number
  memoryBytes: number
  system: string
  threads: number
  /** Kernels and instruction set of the first engine. */
  device: string
  comparisons: Comparison[]
  profiles: Profile[]
  /** What was left out, and why. */
  notes: string[]
}

const digits = (value: number) =>
  value >= 1000 ? exactly(Math.round(value)) : value >= 100 ? value.toFixed(0) : value.toPrecision(3)
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
const spread = ({ median, least, most }: Spread) => `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`

/** The report for a person at a terminal. */
export function describeBench(report: BenchReport): string {
  const lines = [
    `${report.cpu}, ${report.logicalCores} logical cores, ${Math.round(report.memoryBytes / 2 ** 30)} GiB, ${report.system}`,
    `${report.device}; ${report.threads} threads`,
  ]
  for (const { name, unit, measured, absent, against, againstFastest } of report.comparisons) {
    const widest = Math.max(16, ...measured.map(({ engine }) => engine.length + 1))
    lines.push('', name)
    for (const { engine, rate, flopsPerSecond, peakRssBytes } of measured) {
      const speed = unit === 'FLOP/s' ? `${digits(rate.median / 1e9)} GFLOP/s` : `${digits(rate.median)} ${unit}`
      const work = flopsPerSecond === null ? '' : `, ${digits(flopsPerSecond / 1e9)} GFLOP/s`
      lines.push(`  ${engine.padEnd(widest)} ${speed}${work}, peak memory ${mebibytes(peakRssBytes)}`)
    }
    for (const { engine, message } of absent) lines.push(`  ${engine.padEnd(widest)} not here: ${message}`)
    if (against)
      lines.push(`  ratio to ${against.peer}: ${spread(against.ratio)}, memory ${against.memoryRatio.toFixed(2)}`)
    if (againstFastest && (againstFastest.peer !== against?.peer || precisionOf(againstFastest.engine) !== 'fp32'))
      lines.push(
        `  ${againstFastest.engine} to ${againstFastest.peer}, the fastest: ${spread(againstFastest.ratio)}, memory ${againstFastest.memoryRatio.toFixed(2)}`,
      )
  }
  for (const profile of report.profiles) lines.push('', ...describeProfile(profile))
  if (report.notes.length > 0) lines.push('', ...report.notes)
  return lines.join('\n')
}

function describeProfile({ name, peakFlopsPerSecond, kernels }: Profile): string[] {
  const total = kernels.reduce((sum, { seconds }) => sum + seconds, 0)
  const rows = kernels
    .filter(({ seconds }) => seconds > total / 500)
    .map(({ kernel, calls, seconds, flops }) => {
      const rate = flops / seconds
      const speed =
        flops === 0
          ? ''
          : `${digits(rate / 1e9)} GFLOP/s${peakFlopsPerSecond ? `, ${Math.round((100 * rate) / peakFlopsPerSecond)} % of peak` : ''}`
      return `  ${kernel.padEnd(26)} ${((100 * seconds) / total).toFixed(1).padStart(5)} %  ${((1e6 * seconds) / calls).toFixed(0).padStart(7)} µs a call  ${speed}`
    })
  const peak = peakFlopsPerSecond ? `: the registers alone do ${digits(peakFlopsPerSecond / 1e9)} GFLOP/s` : ''
  return [`profile of ${name}${peak}`, ...rows]
}
