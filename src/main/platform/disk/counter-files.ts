// Files of counters by which processes tell each other how far they have come.
import { openNumbers } from './number-files.ts'

/**
 * Numbers by which processes tell each other how far they have come. Every process has a line of its own: a few
 * counters that only it posts, and a bell.
 */
export interface Counters {
  peek(line: number, which: number): number
  /** What was written to any file before is there for who sees this number. */
  post(line: number, which: number, value: number): void
  /** Wakes whoever sleeps on this line's bell. */
  ring(line: number): void
  /** How often the bell was rung, to be asked before looking whether there is a reason to sleep. */
  heard(line: number): number
  /** Until the bell is rung more often than `heard`, or so many seconds at most. */
  sleep(line: number, heard: number, seconds: number): void | Promise<void>
  close(): void
}

/** Bytes of a line of counters: a cache line, of which the last eight belong to the bell. */
export const counterLineBytes = 64

/** How often in a row a sleeper of a file looks again at once, before it waits for a millisecond each time. */
const hastyLooks = 20

/** Counters in a file that is there: nobody can be woken through it, so who sleeps looks again and again. */
export function openCounters(path: string): Counters {
  const numbers = openNumbers<Float64Array>(path)
  const one = new Float64Array(1)
  const place = (line: number, which: number) => line * (counterLineBytes / 8) + which
  let looks = 0
  return {
    peek(line, which) {
      numbers.read(one, place(line, which))
      return one[0]
    },
    post(line, which, value) {
      looks = 0
      one[0] = value
      numbers.write(one, place(line, which))
    },
    ring: () => undefined,
    heard: () => 0,
    sleep: () =>
      new Promise<void>((resolve) => {
        if (looks++ < hastyLooks) setImmediate(resolve)
        else setTimeout(resolve, 1)
      }),
    close: () => numbers.close(),
  }
}
