// How far each room was scrolled, so that coming back finds it as it was left.
import { useEventListener } from '@vueuse/core'
import { nextTick, watch, type Ref } from 'vue'

/** `place` names what is shown in `main`; a room that is still being filled is scrolled once it is long enough. */
export function useKeptScroll(main: Readonly<Ref<HTMLElement | null>>, place: () => string): void {
  const kept = new Map<string, number>()
  const body = () => main.value?.querySelector<HTMLElement>('.page-body')
  useEventListener(
    main,
    'scroll',
    ({ target }) => {
      if (target === body()) kept.set(place(), (target as HTMLElement).scrollTop)
    },
    { capture: true, passive: true },
  )
  watch(place, async (now) => {
    const wanted = kept.get(now) ?? 0
    if (wanted === 0) return
    await nextTick()
    const untilMs = performance.now() + 1000
    const attempt = () => {
      const element = body()
      if (place() !== now || !element) return
      element.scrollTop = wanted
      if (element.scrollTop < wanted - 1 && performance.now() < untilMs) requestAnimationFrame(attempt)
    }
    attempt()
  })
}
