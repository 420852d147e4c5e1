// One pass after the other in a part; a newer one breaks off the one that is under way.
import type { Progress } from './progress.ts'
import type { ToPart } from './messages.ts'

export type PassMessage = Extract<ToPart, { kind: 'pass' }>

/** Waits for others of the cluster. Throws Superseded once the pass is out of date. */
export type Until = (isTrue: () => boolean) => Promise<void>

/** The pass was begun anew: what belongs to the old one is dropped. */
class Superseded extends Error {}

export interface Passes {
  begin(message: PassMessage): void
  /** After the pass that is under way. */
  after(work: () => Promise<void>): void
  close(): void
}

/** `failed` is told what ends the part. */
export function createPasses(
  progress: Progress,
  pass: (message: PassMessage, until: Until) => Promise<void>,
  failed: (error: unknown) => void,
): Passes {
  let last = 0
  let working: Promise<void> = Promise.resolve()
  const after = (work: () => Promise<void>) => {
    working = working.then(work).catch((error) => {
      if (!(error instanceof Superseded)) failed(error)
    })
  }
  return {
    after,
    begin(message) {
      last = message.run
      const turn = () => {
        if (message.run !== last) throw new Superseded()
      }
      after(async () => {
        turn()
        await pass(message, (isTrue) => progress.until(isTrue, turn))
      })
    },
    close() {
      last = Infinity
      progress.close()
    },
  }
}
