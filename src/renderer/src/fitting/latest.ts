// A fit that follows its wish: the last result stays on the screen until the next is there.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { fitAside } from './aside.ts'
import type { FitKind, Fitted, FitWish } from './jobs.ts'

/**
 * `wish` as JSON, so that a wish that says the same is not fitted again; null for nothing to fit. `of` names what the
 * wish is about: of another one
 * nothing stays. The answer is null until the first fit has come.
 */
export function fittedLatest<K extends FitKind>(
  kind: K,
  wish: () => string | null,
  of: () => unknown,
  fail: (error: unknown) => void,
): ComputedRef<Fitted<K> | null> {
  const found = shallowRef<{ about: unknown; result: Fitted<K> } | null>(null)
  let newest = 0
  watch(
    [wish, of],
    ([text, about]) => {
      const mine = ++newest
      if (text === null) {
        found.value = null
        return
      }
      fitAside(kind, JSON.parse(text) as FitWish<K>).then((result) => {
        if (mine === newest) found.value = { about, result }
      }, fail)
    },
    { immediate: true },
  )
  return computed(() => (found.value && found.value.about === of() ? found.value.result : null))
}
