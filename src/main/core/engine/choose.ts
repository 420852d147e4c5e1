// Which engine trains: the one the person asked for where it runs, else the fastest that the probe measured.
import { exactly, rounded } from '#shared/numbers.ts'
import { engineNames, type EngineName, type EngineProbe } from '#shared/engine.ts'

export interface Choice {
  engine: EngineName
  /** For people: why this one. */
  reason: string
}

/**
 * Rates differ by some percent from one measurement to the next; below this, the engine named first in engineNames
 * wins.
 */
const noise = 0.05

export function chooseEngine(probes: readonly EngineProbe[], setting: EngineName | 'auto'): Choice {
  const fastest = chooseFastest(probes)
  if (setting === 'auto') return fastest
  const wanted = probes.find(({ name }) => name === setting)
  if (wanted?.isAvailable) return { engine: setting, reason: `Chosen in the settings: ${wanted.description}.` }
  const why = wanted ? ended(wanted.description) : 'It has not been measured on this machine.'
  return {
    engine: fastest.engine,
    reason: `The settings ask for ${setting}, which does not run here. ${why} ${fastest.reason}`,
  }
}

function chooseFastest(probes: readonly EngineProbe[]): Choice {
  const measured = engineNames
    .map((name) => probes.find((probe) => probe.name === name))
    .filter(
      (probe): probe is EngineProbe & { tokensPerSecond: number } =>
        probe?.isAvailable === true && (probe.tokensPerSecond ?? 0) > 0,
    )
  if (measured.length === 0)
    return {
      engine: 'reference',
      reason: 'No other engine ran on this machine; the reference is slow but always there.',
    }
  const best = measured.reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond * (1 + noise) ? b : a))
  if (measured.length === 1) return { engine: best.name, reason: `The only engine that ran here: ${best.description}.` }
  const next = measured
    .filter((probe) => probe !== best)
    .reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond ? b : a))
  const ratio = best.tokensPerSecond / next.tokensPerSecond
  const lead = ratio > 1 + noise ? `${times(ratio)} as fast as ${next.name}` : `about as fast as ${next.name}`
  return {
    engine: best.name,
    reason: `${rate(best.tokensPerSecond)} tokens per second on a small step, ${lead}: ${best.description}.`,
  }
}

/** A description as a sentence of its own. */
const ended = (text: string) => text.replace(/[.\s]*$/, '.')
const rate = (value: number) => exactly(Math.round(rounded(value, 2)))
const times = (ratio: number) => (ratio < 10 ? `${ratio.toFixed(1)} times` : `${Math.round(ratio)} times`)
