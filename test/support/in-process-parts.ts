// Processes of a cluster without processes: every message is cloned and comes later; they can be killed, and are
// started anew.
import type { PartEvents, StartPart } from '#main/platform/processes/parts.ts'
import { openLinks } from '#main/core/cluster-training/links.ts'
import { servePart } from '#main/core/cluster-training/part-job.ts'
import type { PartJob, ToPart } from '#main/core/cluster-training/messages.ts'

export function inProcessParts(): { start: StartPart; started: PartJob[]; killed: () => number } {
  const started: PartJob[] = []
  let killed = 0
  const start: StartPart = (job, events: PartEvents) => {
    const listeners: ((message: ToPart) => void)[] = []
    let isOver = false
    started.push(job as PartJob)
    const body = servePart(
      job as PartJob,
      {
        send: (message) => {
          const copy = structuredClone(message)
          setImmediate(() => {
            if (!isOver) events.message(copy)
          })
        },
        onMessage: (listener) => void listeners.push(listener),
      },
      openLinks((job as PartJob).folder, false),
    ) // whoever slept on a mapped bell would stop them all
    body.catch((error) => {
      throw error
    })
    return {
      pid: started.length,
      send: (message) => {
        const copy = structuredClone(message) as ToPart
        setImmediate(() => {
          if (!isOver) for (const listener of listeners) listener(copy)
        })
      },
      kill: () => {
        if (isOver) return
        isOver = true
        killed++
        void body.then((part) => part.close())
        setImmediate(() => events.exit({ code: null, signal: 'SIGKILL' }, ''))
      },
    }
  }
  return { start, started, killed: () => killed }
}
