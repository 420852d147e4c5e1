// Lines that a run wrote elsewhere become records here: each once, in order, together with how far they were read.
import type { RunPlace } from '#shared/place.ts'
import type { FaultData } from '#shared/fault.ts'
import type { RunSummary } from '#shared/run.ts'
import type { RunLine } from '#main/core/training/run-file.ts'
import type { Recorder } from '#main/lab/runs/recorder.ts'

export interface Taken {
  /** The last line says how the run ended; null while it goes on. */
  end: { isFinished: boolean } | { fault: FaultData } | null
  /** Lines that were none. */
  bad: number
}

/**
 * Takes the whole lines of `bytes`, which follow on what was read before. A summary is written in one transaction with
 * the records up to it, so that whenever this computer stops, no line is missing and none comes twice.
 */
export function takeRecords(recorder: Recorder, bytes: Buffer): Taken {
  const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
  let { readBytes } = recorder.summary.place!
  const taken: Taken = { end: null, bad: 0 }
  const have = (changes: Partial<RunSummary> = {}): void =>
    recorder.set({ ...changes, place: { ...(recorder.summary.place as RunPlace), readBytes } })
  for (let at = 0; at < whole.length;) {
    const end = whole.indexOf(10, at)
    const line = lineOf(whole.toString('utf8', at, end))
    const before = readBytes
    readBytes += end + 1 - at
    at = end + 1
    if (!line) {
      taken.bad++
      continue
    }
    if (line.kind === 'ended') taken.end = { isFinished: line.isFinished }
    else if (line.kind === 'failed') taken.end = { fault: line.fault }
    else taken.end = null
    if (line.kind === 'started') {
      // what was read before it is written before it: it may go back behind that
      recorder.set({ place: { ...recorder.summary.place!, readBytes: before } })
      recorder.flush('durable')
      have()
      recorder.take({ ...line, checkpoints: recorder.summary.checkpoints })
    }
    if (line.kind === 'step' || line.kind === 'validation' || line.kind === 'sample') recorder.take(line)
  }
  have()
  recorder.flush('durable')
  return taken
}

function lineOf(text: string): RunLine | null {
  try {
    const line = JSON.parse(text) as RunLine | null
    return typeof line === 'object' && line !== null && isKnown(line) ? line : null
  } catch {
    return null
  }
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)

/** What comes from another computer is looked at before the store takes it. */
function isKnown(line: RunLine): boolean {
  switch (line.kind) {
    case 'step': {
      const { step, tokens, loss, gradientNorm, learningRate, elapsedMs } = line.record ?? {}
      const noise = line.noise ? [line.noise.tokens, line.noise.measurements] : []
      return [step, tokens, loss, gradientNorm, learningRate, elapsedMs, line.peakBytes, ...noise].every(isNumber)
    }
    case 'validation': {
      const { step, tokens, loss, elapsedMs } = line.record ?? {}
      return [step, tokens, loss, elapsedMs].every(isNumber)
    }
    case 'sample':
      return isNumber(line.record?.step) && typeof line.record.text === 'string'
    case 'started':
      return isNumber(line.step) && typeof line.device === 'string'
    case 'ended':
      return typeof line.isFinished === 'boolean'
    case 'failed':
      return typeof line.fault?.message === 'string'
    default:
      return ['checkpointing', 'checkpoint', 'scoring', 'streaming'].includes(line.kind)
  }
}
