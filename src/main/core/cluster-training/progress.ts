// How far each part has come in a pass: everyone reports what it has done and reads what the others have.
import { counterLineBytes, type Counters } from '#main/platform/disk/counter-files.ts'
import type { PartJob } from './messages.ts'

export type Payload = 'weights' | 'gradients'

/**
 * `done` of a part counts items of this run, 0 while it is in another one. Of weights: what the store has put on its
 * link, what the fabric has put into the inboxes, what a system has taken. Of gradients: what the store has gathered,
 * what the fabric has summed, what a system has put out.
 */
export interface Progress {
  done(part: number, payload: Payload, run: number): number
  /** Says what this part has done, and wakes those who may wait for it. */
  report(payload: Payload, run: number, done: number): void
  /** Waits until it is true, looking again whenever somebody reports. `turn` is called in between and may throw. */
  until(isTrue: () => boolean, turn: () => void): Promise<void>
  close(): void
}

export const storePart = 0
export const fabricPart = 1
export const systemPart = (system: number): number => 2 + system

export const progressBytes = (systems: number): number => systemPart(systems) * counterLineBytes

/** Runs and items in one number, which a double holds exactly. */
const mostItems = 2 ** 20
/** Who waits looks again after so many seconds in any case, because its host may have something to say. */
const longestWait = 0.02

const payloads = { weights: 0, gradients: 1 } as const

/** As the part of `job` sees it; takes over the counters. */
export function createProgress(counters: Counters, { role, system, systems }: PartJob): Progress {
  const own = role === 'store' ? storePart : role === 'fabric' ? fabricPart : systemPart(system)
  const listeners =
    role === 'fabric' ? [storePart, ...Array.from({ length: systems }, (_, i) => systemPart(i))] : [fabricPart]
  return {
    done(part, payload, run) {
      const stored = counters.load(part, payloads[payload])
      return Math.floor(stored / mostItems) === run ? stored % mostItems : 0
    },
    report(payload, run, done) {
      counters.store(own, payloads[payload], run * mostItems + done)
      for (const part of listeners) counters.wake(part)
    },
    async until(isTrue, turn) {
      for (;;) {
        const wakes = counters.wakes(own)
        if (isTrue()) return
        await counters.wait(own, wakes, longestWait)
        await new Promise<void>((resolve) => setImmediate(resolve)) // lets messages of the host in
        turn()
      }
    },
    close: () => counters.close(),
  }
}
