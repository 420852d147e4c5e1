// Repeated work that leaves the window its time: the next turn waits four times as long as the last one took.

export interface Pace {
  /** Does the work now where there is room, else as soon as there is. */
  ask(): void
  /** Does it at once, because a person waits for it. */
  now(): void
  /** What a turn cost beyond the work itself. */
  add(milliseconds: number): void
  stop(): void
}

const share = 4

export function createPace(work: () => void): Pace {
  let freeAt = 0
  let timer: ReturnType<typeof setTimeout> | null = null

  function now(): void {
    if (timer) clearTimeout(timer)
    timer = null
    const startedAt = performance.now()
    work()
    const endedAt = performance.now()
    freeAt = endedAt + share * (endedAt - startedAt)
  }
  return {
    now,
    ask() {
      if (timer) return
      const wait = freeAt - performance.now()
      if (wait <= 0) now()
      else timer = setTimeout(now, wait)
    },
    add(milliseconds) {
      freeAt = Math.max(freeAt, performance.now()) + share * milliseconds
    },
    stop() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
