// Nothing is laid out in a test, so a list that draws what is in view is told to draw all of its rows.
import { computed, unref } from 'vue'

export const allRows = {
  useVirtualizer: (options: unknown) =>
    computed(() => ({
      getTotalSize: () => 0,
      getVirtualItems: () =>
        Array.from({ length: (unref(options) as { count: number }).count }, (_, index) => ({
          index,
          key: index,
          start: 0,
        })),
      measureElement: () => undefined,
    })),
}
