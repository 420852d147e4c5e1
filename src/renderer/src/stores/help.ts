// Help in the window: what is open of it, and how far a person is in the guided lesson.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { ref } from 'vue'

export type HelpPage = 'law' | 'shortcuts'

interface LessonPlace {
  isOpen: boolean
  step: number
  /** The study that the lesson trains. */
  studyId: string | null
  /** What the person expects of the largest member, nats per token. */
  prediction: number | null
}

export const useHelpStore = defineStore('help', () => {
  const page = ref<HelpPage | null>(null)
  const lesson = useLocalStorage<LessonPlace>(
    'isoflop.lesson',
    { isOpen: false, step: 0, studyId: null, prediction: null },
    { mergeDefaults: true },
  )
  const change = (changes: Partial<LessonPlace>) => (lesson.value = { ...lesson.value, ...changes })

  const show = (wanted: HelpPage) => (page.value = wanted)
  /** Where it was left; from the beginning where it was over. */
  const openLesson = () => change({ isOpen: true })
  const closeLesson = () => change({ isOpen: false })
  const restartLesson = () => change({ isOpen: true, step: 0, studyId: null, prediction: null })

  return { page, lesson, change, show, openLesson, closeLesson, restartLesson }
})
