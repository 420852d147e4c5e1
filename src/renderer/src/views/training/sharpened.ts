// What is in view of curves that are thinned, read again as finely as the view can show it.
import { watchDebounced } from '@vueuse/core'
import { finerPart, firstNotBelow } from '../../curves/curve.ts'
import { xOf, type CurveLine, type CurveX } from '../../charts/curve-quantities.ts'
import type { Range } from '../../charts/scale.ts'
import { useRunsStore } from '../../stores/runs.ts'

/** How long a view has to stand before more of it is asked for. */
const restMs = 150

/** `view`: the lines drawn and the range of x, null while nothing is. */
export function useSharpened(view: () => { lines: readonly CurveLine[]; x: CurveX; range: Range } | null): void {
  const runs = useRunsStore()
  watchDebounced(
    () => {
      const now = view()
      return now && { ...now, widths: now.lines.map(({ curve }) => `${curve.generation} ${curve.widest}`).join() }
    },
    (now) => {
      if (now) runs.sharpen(now.lines.flatMap((line) => partInView(line, now.x, now.range)))
    },
    { debounce: restMs, maxWait: 4 * restMs, immediate: true },
  )
}

function partInView(line: CurveLine, x: CurveX, { from, to }: Range) {
  const { curve, id } = line
  const { values } = xOf(line, x)
  const first = Math.max(0, firstNotBelow(values, from, 0, curve.length) - 1)
  const last = Math.min(curve.length - 1, firstNotBelow(values, to, 0, curve.length))
  const part = finerPart(curve, first, last)
  return part ? [{ runId: id, part }] : []
}
