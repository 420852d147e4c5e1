// Files of counters by which processes tell each other how far they have come.
import { openNumbers } from './number-files.ts'

/**
 * Numbers by which processes tell each other how far they have come. Every process has a line of its own: a few
 * counters that only it stores, and a count of wakes to wait on.
 */
export interface Counters {
  load(line: number, which: number): number
  /** What was written to any file before is there for who sees this number. */
  store(line: number, which: number, value: number): void
  /** Wakes whoever waits on this line. */
  wake(line: number): void
  /** How often the line was woken, to be asked before looking whether there is a reason to wait. */
  wakes(line: number): number
  /** Until the line is woken more often than `wakes`, or so many seconds at most. */
  wait(line: number, wakes: number, seconds: number): void | Promise<void>
  close(): void
}

/** Bytes of a line of counters: a cache line, of which the last eight belong to the wakes. */
export const counterLineBytes = 64

/** How often in a row who waits on a file tries again at once, before it waits for a millisecond each time. */
const hastyTries = 20

/** Counters in a file that is there: nobody can be woken through it, so who waits looks again and again. */
export function openCounters(path: string): Counters {
  const numbers = openNumbers<Float64Array>(path)
  const one = new Float64Array(1)
  const place = (line: number, which: number) => line * (counterLineBytes / 8) + which
  let tries = 0
  return {
    load(line, which) {
      numbers.read(one, place(line, which))
      return one[0]
    },
    store(line, which, value) {
      tries = 0
      one[0] = value
      numbers.write(one, place(line, which))
    },
    wake: () => undefined,
    wakes: () => 0,
    wait: () =>
      new Promise<void>((resolve) => {
        if (tries++ < hastyTries) setImmediate(resolve)
        else setTimeout(resolve, 1)
      }),
    close: () => numbers.close(),
  }
}
