// What this computer can do: every engine tried in a process of its own, the chosen one measured, and the answer kept.
import { engineNames } from '#shared/engine.ts'
import type { EngineName, EngineProbe, Machine } from '#shared/engine.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { Settings } from '#shared/settings.ts'
import { chooseEngine } from '#main/core/engine/choose.ts'
import type { News } from '#main/lab/news.ts'
import { readValue, writeValue } from '#main/lab/settings.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd, WorkerGone } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'

/** A training that takes some minutes on a processor: to find a faster engine would take as long as it saves. */
const shortFlops = 5e13
/** Those that load where nothing was set up, the faster first. */
const everywhere: readonly EngineName[] = ['native', 'wasm']
/** A run that follows at once keeps measuring aside. */
const idleMs = 1500

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
  isTraining: () => boolean
}

export interface Computer {
  /** Probes at the first need, some seconds; then from memory. While a run trains, what is known until then. */
  read(): Promise<Machine>
  /**
   * What trains this much: the fastest engine, measured if need be; for a training that is over before long the first
   * that loads, and measuring waits until no run trains. 0 for what does not train: nothing is measured for it.
   */
  engineFor(flops: number): Promise<EngineName>
  /** Whether one engine runs here, tried alone where all are not measured yet, or where it was missing then. */
  probe(engine: EngineName): Promise<Pick<EngineProbe, 'isAvailable' | 'description'>>
  /** A run has begun or ended: measuring stands aside for it, and goes on afterwards. */
  trainingChanged(): void
  /** What is known without waiting. */
  known(): Pick<Machine, 'memoryBytes' | 'cardMemoryBytes' | 'calibration'> & Partial<Pick<Machine, 'probes'>>
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

/** What kept an engine from being tried, a graphics driver that takes its process down among it. */
function whyNot(error: unknown): string {
  if (error instanceof WorkerGone)
    return `It crashed when it was tried ${error.how}, so it is passed over; a newer driver may mend it.`
  const { code, message } = toFaultData(error)
  return code === 'cancelled' ? `It did not answer within ${probeTimeoutMs / 1000} seconds.` : message
}

export function createComputer(deps: ComputerDeps): Computer {
  const { db, news, fork, facts } = deps
  const closing = new AbortController()
  let measuring: Promise<Machine> | null = null
  /** Aborted when a training is more urgent than the measurement that is under way. */
  let standingAside = new AbortController()
  let resuming: ReturnType<typeof setTimeout> | null = null
  /** Measured in this session, until all are and can be kept. */
  const found = new Map<EngineName, EngineProbe>()
  let first: EngineName | null = null

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

  const job = async <V>(kind: 'probe' | 'measure' | 'load', engine: EngineName): Promise<V> => {
    const stopping = new AbortController()
    const stop = () => stopping.abort()
    const { signal: aside } = standingAside
    for (const signal of [closing.signal, aside]) signal.addEventListener('abort', stop, { once: true })
    const timer = setTimeout(stop, probeTimeoutMs)
    try {
      return await workToEnd<never, V>(
        fork,
        { kind, engine, threads: deps.settings().threads },
        { signal: stopping.signal, graceMs: 0 },
      )
    } finally {
      clearTimeout(timer)
      for (const signal of [closing.signal, aside]) signal.removeEventListener('abort', stop)
    }
  }

  const probe = async (engine: EngineName): Promise<EngineProbe> => {
    try {
      return await job<EngineProbe>('probe', engine)
    } catch (error) {
      if (closing.signal.aborted || standingAside.signal.aborted) throw error
      const description = whyNot(error)
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
      standingAside = new AbortController()
      found.clear()
      try {
        // one after the other: each has the machine to itself
        for (const engine of engineNames) {
          const one = await probe(engine)
          if (standingAside.signal.aborted) throw new Fault('cancelled', 'A training is more urgent.')
          found.set(engine, one)
        }
        return await measureAll([...found.values()])
      } catch (error) {
        if (!standingAside.signal.aborted || closing.signal.aborted) throw error
        return provisional()
      }
    })().finally(() => {
      measuring = null
    })
    return measuring
  }

  const firstThatLoads = async (): Promise<EngineName> => {
    for (const name of everywhere) {
      const known = found.get(name)
      if (known ? known.isAvailable : await job<boolean>('load', name).catch(() => false)) return name
    }
    return 'reference'
  }
  /** Lets whoever trains have the machine. */
  const standAside = (): void => {
    if (measuring) standingAside.abort()
  }
  const measureLater = (): void => {
    if (resuming) clearTimeout(resuming)
    resuming = setTimeout(() => {
      resuming = null
      if (!deps.isTraining() && !kept() && !closing.signal.aborted) void measure().catch(() => undefined)
    }, idleMs)
    resuming.unref()
  }
  const provisional = async (): Promise<Machine> => {
    first ??= await firstThatLoads()
    const reason = 'It loads here. How fast every engine is will be measured when no run trains.'
    const probes = [...found.values()]
    return { ...facts, cardMemoryBytes: null, engine: first, reason, probes, calibration: [], measuredMs: null }
  }

  const read = async (): Promise<Machine> => {
    const known = kept()
    if (!known) return deps.isTraining() || resuming ? provisional() : measure()
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
    engineFor: async (flops) => {
      const known = kept()
      if (known) return asMachine(known).engine
      if (flops > shortFlops) return (await read()).engine
      if (flops > 0) {
        standAside()
        measureLater()
      }
      return (first ??= await firstThatLoads())
    },
    probe: async (engine) => {
      const known = kept()?.probes.find(({ name }) => name === engine) ?? found.get(engine)
      if (known?.isAvailable) return known
      const loads = await job<boolean>('load', engine).catch(() => false)
      return loads ? { isAvailable: true, description: 'It loads here.' } : probe(engine)
    },
    trainingChanged: () => {
      if (kept() || closing.signal.aborted) return
      if (deps.isTraining()) standAside()
      measureLater()
    },
    measure,
    settingsChanged: () => {
      const known = kept()
      if (known) news.tell('machine', asMachine(known))
    },
    close: async () => {
      closing.abort()
      if (resuming) clearTimeout(resuming)
      await measuring?.catch(() => undefined)
    },
  }
}
