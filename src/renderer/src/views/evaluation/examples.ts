// The scored items of one evaluation, a page at a time: which are shown, which one is chosen, and going from one to the
// next over the pages' edges.
import { computed, nextTick, ref, shallowRef, watch, type Ref } from 'vue'
import type { Evaluation, SamplesPage, SamplesQuery } from '#shared/evaluation/evaluation.ts'
import { toFaultData } from '#shared/fault.ts'
import { useEvaluationsStore } from '../../stores/evaluations.ts'

export const pageSize = 50

/** `list` is the element whose chosen line is kept in view. */
export function useExamples(
  evaluation: () => Evaluation,
  canBeRight: () => boolean,
  list: Readonly<Ref<HTMLElement | null>>,
) {
  const evaluations = useEvaluationsStore()
  const verdict = ref<SamplesQuery['verdict']>('all')
  const from = ref(0)
  const at = ref(0)
  const page = shallowRef<SamplesPage | null>(null)
  const problem = ref<string | null>(null)
  const item = computed(() => page.value?.items[at.value] ?? null)
  const total = computed(() => page.value?.total ?? 0)

  let last = 0
  async function read(): Promise<void> {
    const mine = ++last
    try {
      const query = { verdict: verdict.value, from: from.value, count: pageSize }
      const found = await evaluations.samples(evaluation().id, query)
      if (mine !== last) return
      page.value = found
      problem.value = null
      at.value = Math.min(at.value, Math.max(0, found.items.length - 1))
    } catch (error) {
      if (mine === last) problem.value = toFaultData(error).message
    }
  }
  const restart = () => {
    from.value = 0
    at.value = 0
    return read()
  }
  watch(
    () => evaluation().id,
    () => {
      page.value = null
      if (!canBeRight()) verdict.value = 'all'
      void restart()
    },
    { immediate: true },
  )
  watch(verdict, restart)
  // While it goes on, more come: a page that is full stays as it is.
  watch(
    () => `${evaluation().done} ${evaluation().state}`,
    () => {
      if ((page.value?.items.length ?? 0) < pageSize || evaluation().state !== 'running') void read()
    },
  )

  /** To the next or the one before, over the pages' edges. */
  async function step(by: 1 | -1): Promise<void> {
    const next = from.value + at.value + by
    if (next < 0 || next >= total.value) return
    const first = Math.floor(next / pageSize) * pageSize
    at.value = next - first
    if (first !== from.value) {
      from.value = first
      await read()
    }
    await nextTick()
    list.value?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }
  function turn(by: 1 | -1): void {
    from.value = Math.max(0, from.value + by * pageSize)
    at.value = 0
    void read()
  }

  return { verdict, from, at, page, problem, item, total, read, step, turn }
}
