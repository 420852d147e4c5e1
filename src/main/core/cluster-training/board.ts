// How far each part has come in a pass: everyone posts what it has done, and looks at what the others have.
import { counterLineBytes, type Counters } from '#main/platform/disk/counter-files.ts'
import type { PartJob } from './messages.ts'

export type Cargo = 'weights' | 'gradients'

/**
 * `done` of a part counts items of this run, 0 while it is in another one. Of weights: what the store has put on its
 * link, what the fabric
 * has put into the inboxes, what a system has taken. Of gradients: what the store has gathered, what the fabric has
 * summed, what a system has put out.
 */
export interface Board {
  done(part: number, cargo: Cargo, run: number): number
  /** Says what this part has done, and wakes those who may wait for it. */
  post(cargo: Cargo, run: number, done: number): void
  /** Waits until it is true, looking again whenever somebody posts. `turn` is called in between and may throw. */
  until(isTrue: () => boolean, turn: () => void): Promise<void>
  close(): void
}

export const storePart = 0
export const fabricPart = 1
export const systemPart = (system: number): number => 2 + system

export const boardBytes = (systems: number): number => systemPart(systems) * counterLineBytes

/** Runs and items in one number, which a double holds exactly. */
const mostItems = 2 ** 20
/** A sleeper looks again after so many seconds in any case, because its host may have something to say. */
const longestSleep = 0.02

const cargoes = { weights: 0, gradients: 1 } as const

/** As the part of `job` sees it; takes over the counters. */
export function createBoard(counters: Counters, { role, system, systems }: PartJob): Board {
  const own = role === 'store' ? storePart : role === 'fabric' ? fabricPart : systemPart(system)
  const listeners =
    role === 'fabric' ? [storePart, ...Array.from({ length: systems }, (_, i) => systemPart(i))] : [fabricPart]
  return {
    done(part, cargo, run) {
      const posted = counters.peek(part, cargoes[cargo])
      return Math.floor(posted / mostItems) === run ? posted % mostItems : 0
    },
    post(cargo, run, done) {
      counters.post(own, cargoes[cargo], run * mostItems + done)
      for (const part of listeners) counters.ring(part)
    },
    async until(isTrue, turn) {
      for (;;) {
        const heard = counters.heard(own)
        if (isTrue()) return
        await counters.sleep(own, heard, longestSleep)
        await new Promise<void>((resolve) => setImmediate(resolve)) // lets messages of the host in
        turn()
      }
    },
    close: () => counters.close(),
  }
}
