// What a run that is elsewhere waits for, when it is expected to begin, and how old that is.
import { createSharedComposable, useNow } from '@vueuse/core'
import type { RunSummary } from '#shared/run.ts'
import { formatSeconds } from '#shared/numbers.ts'
import { formatDate } from '../../../format/times.ts'

/** Older than this, what a cluster said is shown with its age. */
const freshMs = 90_000

/** One clock for all rows: an age grows while nothing is heard. */
export const usePlaceClock = createSharedComposable(() => useNow({ interval: 15_000 }))

export function placeWords({ place, message }: Pick<RunSummary, 'place' | 'message'>, nowMs: number): string | null {
  if (!place) return null
  const words = [
    message,
    place.startsMs !== null && place.startsMs > nowMs ? `Expected to begin ${formatDate(place.startsMs)}.` : null,
    place.heardMs !== null && nowMs - place.heardMs > freshMs
      ? `Last heard ${formatSeconds((nowMs - place.heardMs) / 1000)} ago.`
      : null,
  ]
  return words.filter(Boolean).join(' ') || null
}
