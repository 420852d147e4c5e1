// A chart of records that grow: what a person changes is shown at once, what a training adds when there is time, and
// ECharts is asked for nothing while axes and names stay as they are.
import { onBeforeUnmount, shallowRef, watch, watchEffect, type ShallowRef } from 'vue'
import type { Drawing } from './drawing.ts'
import { createPace } from './pace.ts'

export interface PacedView<T> {
  drawing: Readonly<ShallowRef<T | null>>
  /** What drawing cost beyond this. */
  addCost(milliseconds: number): void
}

/** `needs` reads all that `make` does; `chosen` what a person changes. */
export function usePacedView<T extends Drawing>(
  make: () => T | null,
  needs: () => unknown,
  chosen: () => unknown,
): PacedView<T> {
  const drawing: ShallowRef<T | null> = shallowRef(null)
  let drawnFrame: string | undefined
  const pace = createPace(() => {
    const next = make()
    const frame = JSON.stringify(next?.option)
    const isSame = frame === drawnFrame && drawing.value !== null
    drawing.value = next && isSame ? { ...next, option: drawing.value!.option } : next
    drawnFrame = frame
  })
  watch(chosen, () => pace.now(), { deep: true })
  watchEffect(() => {
    needs()
    pace.ask()
  })
  onBeforeUnmount(() => pace.stop())
  return { drawing, addCost: pace.add }
}
