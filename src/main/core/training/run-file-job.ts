// One training without a lab: a run's file in, its records as lines of JSON beside it, each safe on the disk before the
// checkpoint that stands on it. Started again, it goes on from the newest checkpoint to the same bits.
import { dirname, join, resolve } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import { openLineFile } from '#main/platform/disk/line-files.ts'
import type { RunRecord, TrainOutcome } from './records.ts'
import { readRunFile, recordsName, type RunLine } from './run-file.ts'
import { trainJob } from './train-job.ts'

/** How long a line may wait to be written while more come. */
const gatherMs = 500

/**
 * Gives its records as they are written. When `signal` aborts it saves and ends unfinished. A Fault is written as its
 * last line, too.
 */
export async function* runFileJob(path: string, signal: AbortSignal): AsyncGenerator<RunRecord, TrainOutcome> {
  const job = await readRunFile(path)
  const { file, lines } = await openLineFile(join(dirname(resolve(path)), recordsName))
  let waiting: string[] = []
  let writtenMs = performance.now()
  const say = (line: RunLine): void => void waiting.push(JSON.stringify(line))
  const write = async (): Promise<void> => {
    await file.append(waiting)
    waiting = []
    writtenMs = performance.now()
  }
  const end = async (line: RunLine): Promise<void> => {
    say(line)
    await write()
    await file.sync()
  }
  const records = trainJob({ ...job, lastRecordedStep: lastStepOf(lines) }, signal)
  try {
    for (;;) {
      const next = await records.next()
      if (next.done) {
        await end({ kind: 'ended', ...next.value })
        return next.value
      }
      say(next.value)
      if ('awaitsHost' in next.value || performance.now() - writtenMs >= gatherMs) await write()
      if (next.value.kind === 'checkpointing') await file.sync()
      yield next.value
    }
  } catch (error) {
    if (signal.aborted && error instanceof Fault && error.code === 'cancelled') return { isFinished: false, step: 0 }
    await end({ kind: 'failed', fault: toFaultData(error) }).catch(() => undefined) // a full disk takes no line either
    throw error
  } finally {
    await records.return(undefined as never)
    await file.close()
  }
}

/** The last step that is recorded without a gap: what came after a checkpoint that was gone back to counts anew. */
function lastStepOf(lines: readonly string[]): number {
  let last = 0
  for (const text of lines) {
    if (!text.startsWith('{"kind":"st')) continue // of a started session, or of a step
    const line = parseJson(text) as RunLine
    if (line.kind === 'started') last = line.step
    if (line.kind === 'step') last = line.record.step
  }
  return last
}
