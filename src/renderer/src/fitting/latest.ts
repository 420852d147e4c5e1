// A fit that follows its request: the last result stays on the screen until the next is there.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { fitInBackground } from './background.ts'
import type { FitKind, Fitted, FitRequest } from './jobs.ts'

/**
 * `request` as JSON, so that a request that says the same is not fitted again; null for nothing to fit. `of` names what
 * the request is about: of another one nothing stays. The answer is null until the first fit has come.
 */
export function fittedLatest<K extends FitKind>(
  kind: K,
  request: () => string | null,
  of: () => unknown,
  fail: (error: unknown) => void,
): ComputedRef<Fitted<K> | null> {
  const found = shallowRef<{ about: unknown; result: Fitted<K> } | null>(null)
  let newest = 0
  watch(
    [request, of],
    ([text, about]) => {
      const mine = ++newest
      if (text === null) {
        found.value = null
        return
      }
      fitInBackground(kind, JSON.parse(text) as FitRequest<K>).then((result) => {
        if (mine === newest) found.value = { about, result }
      }, fail)
    },
    { immediate: true },
  )
  return computed(() => (found.value && found.value.about === of() ? found.value.result : null))
}
