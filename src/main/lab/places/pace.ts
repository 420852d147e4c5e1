// When a cluster is asked: soon after something was begun there, then at a steady pace, and after a failure later and
// later. Each cluster has a pace of its own.
const longestWaitMs = 60_000

export interface Pace {
  /** Asks it now, unless it is going to be asked anyway. */
  soon(name: string): void
  /** Resolves when nothing is asked any more. */
  idle(): Promise<void>
}

export interface PaceDeps {
  pollMs: number
  /** Aborts when the lab closes. */
  closing: AbortSignal
  ask: (name: string) => Promise<void>
  failed: (name: string, error: unknown) => void
  /** Whether there is anything left to ask it. */
  isOpen: (name: string) => boolean
}

export function createPace({ pollMs, closing, ask, failed, isOpen }: PaceDeps): Pace {
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const asking = new Map<string, Promise<void>>()

  /** `waitMs`: how long it waited before. */
  const schedule = (name: string, afterMs: number, waitMs: number): void =>
    void timers.set(
      name,
      setTimeout(() => begin(name, waitMs), afterMs),
    )
  function begin(name: string, waitedMs: number): void {
    timers.delete(name)
    if (closing.aborted) return
    const work = ask(name)
      .then(
        () => pollMs,
        (error: unknown) => {
          if (!closing.aborted) failed(name, error)
          return Math.min(longestWaitMs, 2 * waitedMs)
        },
      )
      .then((waitMs) => {
        asking.delete(name)
        if (!closing.aborted && isOpen(name)) schedule(name, waitMs, waitMs)
      })
    asking.set(name, work)
  }
  return {
    soon: (name) => {
      if (!timers.has(name) && !asking.has(name)) schedule(name, 0, pollMs)
    },
    idle: async () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.allSettled(asking.values())
    },
  }
}
