// The moment when the last member of a study has finished: what the law said before, what came, and what to do next.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { formatShare, withDecimals } from '#shared/numbers.ts'
import { useLawStore } from './law.ts'
import { useLawShown } from './law-shown.ts'
import { useLossUnit } from './loss-unit.ts'
import { usePlanStore } from './plan.ts'
import { useStudiesStore } from './studies.ts'

export const useArrival = defineStore('arrival', () => {
  const law = useLawStore()
  const shown = useLawShown()
  const lossUnit = useLossUnit()
  const plan = usePlanStore()
  const studies = useStudiesStore()
  /** What was shown and closed, by study: the runs that it told of. */
  const closed = useLocalStorage<Record<string, string>>('isoflop.arrivals', {})

  /** All members of the ladder have finished: which runs stand for them; else null. */
  const complete = computed(() => {
    const wanted = plan.trainable.map(({ memberId }) => memberId)
    const done = law.standings.filter(({ memberId, loss }) => wanted.includes(memberId) && loss !== null)
    return wanted.length > 1 && done.length === wanted.length ? done.map(({ run }) => run?.id ?? '').join() : null
  })
  const isShown = computed(() => {
    const id = studies.currentId
    return id !== null && complete.value !== null && !!law.law?.fit && closed.value[id] !== complete.value
  })
  const largest = computed(() => law.inFit[law.inFit.length - 1] ?? null)

  const text = computed(() => {
    const heldOut = shown.law?.heldOut[0]
    if (!heldOut) return null
    const [predicted, measured] = [heldOut.y, heldOut.measured].map((value) => withDecimals(value, 3))
    return {
      name: heldOut.name ?? 'the largest',
      sentence: `Predicted ${predicted} before it trained, measured ${measured} ${lossUnit.words}: ${formatShare(Math.abs(heldOut.error))} off.`,
      meaning:
        heldOut.isInside === false
          ? 'The measured loss lies outside the 95 % interval of the prediction: the law of the smaller members does not hold up to here.'
          : 'The law of the smaller members alone predicted the largest. That is what makes it worth extrapolating.',
    }
  })

  function close(): void {
    const id = studies.currentId
    if (id && complete.value) closed.value = { ...closed.value, [id]: complete.value }
  }
  return { isShown, largest, text, close }
})
