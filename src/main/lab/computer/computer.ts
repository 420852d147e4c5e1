// What this computer can do: every engine tried in a process of its own, the chosen one measured, and the answer kept.
import { engineNames } from '#shared/engine.ts'
import type { EngineName, EngineProbe, Machine } from '#shared/engine.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { Settings } from '#shared/settings.ts'
import { chooseEngine } from '#main/core/engine/choose.ts'
import type { News } from '#main/lab/news.ts'
import { readValue, writeValue } from '#main/lab/settings.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'

/** A probe that has not answered by then will not. */
const probeTimeoutMs = 120_000

export interface MachineFacts {
  cpu: string
  cores: number
  memoryBytes: number
}

export interface ComputerDeps {
  db: Database
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  settings: () => Settings
  facts: MachineFacts
}

export interface Computer {
  /** Probes at the first need, some seconds; then from memory. */
  read(): Promise<Machine>
  /** What is known without waiting. */
  known(): Pick<Machine, 'memoryBytes' | 'cardMemoryBytes' | 'calibration'>
  measure(): Promise<Machine>
  /** A setting that concerns the engine has changed. */
  settingsChanged(): void
  close(): Promise<void>
}

interface Kept {
  facts: MachineFacts
  threads: number
  probes: EngineProbe[]
  calibrations: Partial<Record<EngineName, Machine['calibration']>>
  measuredMs: number
}

export function createComputer(deps: ComputerDeps): Computer {
  const { db, news, fork, facts } = deps
  const closing = new AbortController()
  let measuring: Promise<Machine> | null = null

  const kept = (): Kept | null => {
    const found = readValue<Kept>(db, 'machine')
    const isThisOne =
      found &&
      found.threads === deps.settings().threads &&
      JSON.stringify(found.facts) === JSON.stringify(facts) &&
      // an earlier version knew other engines
      engineNames.every((name) => found.probes.some((probe) => probe.name === name))
    return isThisOne ? found : null
  }
  const asMachine = ({ probes, calibrations, measuredMs }: Kept): Machine => {
    const { engine, reason } = chooseEngine(probes, deps.settings().engine)
    const cardMemoryBytes = probes.find(({ name }) => name === engine)?.cardMemoryBytes ?? null
    return { ...facts, cardMemoryBytes, engine, reason, probes, calibration: calibrations[engine] ?? [], measuredMs }
  }

  const job = async <V>(kind: 'probe' | 'measure', engine: EngineName): Promise<V> => {
    const stopping = new AbortController()
    const stop = () => stopping.abort()
    closing.signal.addEventListener('abort', stop, { once: true })
    const timer = setTimeout(stop, probeTimeoutMs)
    try {
      return await workToEnd<never, V>(
        fork,
        { kind, engine, threads: deps.settings().threads },
        { signal: stopping.signal, graceMs: 0 },
      )
    } finally {
      clearTimeout(timer)
      closing.signal.removeEventListener('abort', stop)
    }
  }

  const probe = async (engine: EngineName): Promise<EngineProbe> => {
    try {
      return await job<EngineProbe>('probe', engine)
    } catch (error) {
      if (closing.signal.aborted) throw error
      const { code, message } = toFaultData(error)
      const description = code === 'cancelled' ? `did not answer within ${probeTimeoutMs / 1000} seconds` : message
      return { name: engine, isAvailable: false, description, tokensPerSecond: null, flopsPerSecond: null }
    }
  }

  const measureAll = async (probes: EngineProbe[]): Promise<Machine> => {
    const { engine } = chooseEngine(probes, deps.settings().engine)
    const calibration = await job<Machine['calibration']>('measure', engine)
    if (closing.signal.aborted) throw new Fault('cancelled', 'The lab was closed.')
    const calibrations = { ...kept()?.calibrations, [engine]: calibration }
    const next: Kept = { facts, threads: deps.settings().threads, probes, calibrations, measuredMs: deps.nowMs() }
    try {
      writeValue(db, 'machine', next)
    } catch {
      // a disk that takes nothing now: it is measured again when it is asked for the next time
    }
    const machine = asMachine(next)
    news.tell('machine', machine)
    return machine
  }

  const measure = (): Promise<Machine> => {
    measuring ??= (async () => {
      const probes: EngineProbe[] = []
      // one after the other: each has the machine to itself
      for (const engine of engineNames) probes.push(await probe(engine))
      return measureAll(probes)
    })().finally(() => {
      measuring = null
    })
    return measuring
  }

  const read = async (): Promise<Machine> => {
    const known = kept()
    if (!known) return measure()
    if (asMachine(known).calibration.length > 0) return asMachine(known)
    measuring ??= measureAll(known.probes).finally(() => {
      measuring = null
    })
    return measuring
  }

  return {
    read,
    known: () => {
      const known = kept()
      return known ? asMachine(known) : { memoryBytes: facts.memoryBytes, cardMemoryBytes: null, calibration: [] }
    },
    measure,
    settingsChanged: () => {
      const known = kept()
      if (known) news.tell('machine', asMachine(known))
    },
    close: async () => {
      closing.abort()
      await measuring?.catch(() => undefined)
    },
  }
}
