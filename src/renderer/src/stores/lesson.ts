// *Your first scaling law*: six steps on the person's own study, each done when the lab shows that it is.
import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import { lossTimes } from '#shared/loss-unit.ts'
import { withDecimals } from '#shared/numbers.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useBeginStore } from './begin.ts'
import { useHelpStore } from './help.ts'
import { useLawStore } from './law.ts'
import { useLawShown } from './law-shown.ts'
import { useLossUnit } from './loss-unit.ts'
import { useRunsStore } from './runs.ts'
import { useShellStore, type ViewName } from './shell.ts'
import { useStudiesStore } from './studies.ts'

export interface LessonStep {
  title: string
  text: string
  room: ViewName
  /** What a class may talk about while the machine works. */
  question: string
}

export const lessonSteps: readonly LessonStep[] = [
  {
    title: 'Train a family',
    text: 'Five models of one recipe, each about twice as large as the one before, trained on the same text with 20 tokens per parameter. Start them; the smallest begins at once.',
    room: 'family',
    question:
      'How many times the compute of the smallest does the largest take? Size and tokens both grow: read it off the table.',
  },
  {
    title: 'Watch a loss fall',
    text: 'The loss is how surprised a model is by the next token, in nats: ln(vocabulary) when it guesses blindly, less as it learns. Watch the first curve, and the text that the model writes below it.',
    room: 'training',
    question:
      'Why does it fall fast at first and slowly later? What can a model learn from single letters, and what needs words?',
  },
  {
    title: 'Two points make a line',
    text: 'Every finished model puts one point on the Law chart: its final loss against its compute, both on logarithmic axes. Wait until three have finished and look at how they lie.',
    room: 'law',
    question:
      'On logarithmic axes a straight line means L = a · C^−b. What does each tenfold of compute do to the loss then?',
  },
  {
    title: 'Predict the largest',
    text: 'Before the largest has finished, continue the line by eye to its compute and write down the loss that you expect. Nobody is asked to be right.',
    room: 'law',
    question: 'Who in the class dares the narrowest interval? Write all predictions on the board.',
  },
  {
    title: 'Hold it against the measurement',
    text: 'When the largest has finished, the lab compares three numbers: yours, the law’s, fitted to the smaller models alone, and what was measured.',
    room: 'law',
    question: 'Was the error chance or a bend? Training each model with other seeds shows how much is noise.',
  },
  {
    title: 'What it is good for',
    text: 'A law from small models says what a large one would reach before anybody pays for it. Forecast ten times the compute beside the chart, then write the report: one file with question, data, law and error, to hand in.',
    room: 'law',
    question:
      'The line cannot go on for ever: which loss can no amount of compute remove, and what would you change to move the whole line down?',
  },
]

export const useLesson = defineStore('lesson', () => {
  const help = useHelpStore()
  const begin = useBeginStore()
  const studies = useStudiesStore()
  const runs = useRunsStore()
  const law = useLawStore()
  const shown = useLawShown()
  const lossUnit = useLossUnit()
  const shell = useShellStore()

  const place = computed(() => Math.min(help.lesson.step, lessonSteps.length - 1))
  const step = computed(() => lessonSteps[place.value])
  const isItsStudy = computed(() => help.lesson.studyId !== null && studies.currentId === help.lesson.studyId)
  const own = computed(() => runs.ofStudy(help.lesson.studyId))
  const finished = computed(() => (isItsStudy.value ? law.standings.filter(({ loss }) => loss !== null) : []))
  const largest = computed(() => (isItsStudy.value ? (law.standings[law.standings.length - 1] ?? null) : null))

  /** Whether each step is done, as the lab has it. */
  const done = computed(() => [
    own.value.length > 0,
    own.value.some(({ step: at }) => at > 0),
    finished.value.length >= 3,
    help.lesson.prediction !== null,
    largest.value !== null && largest.value.loss !== null,
    false,
  ])
  /** What the person, the law of the smaller ones and the training say of the largest. */
  const verdict = computed(() => {
    const measured = largest.value?.loss ?? null
    const heldOut = law.law?.heldOut[0]
    if (measured === null) return null
    const by = (value: number) => `${withDecimals((100 * Math.abs(value - measured)) / measured, 2)} % off`
    const { prediction } = help.lesson
    const said = (value: number) => (shown.factor === null ? '–' : withDecimals(value * shown.factor, 3))
    return [
      ...(prediction === null ? [] : [`You: ${said(prediction)}, ${by(prediction)}.`]),
      ...(heldOut ? [`The law: ${said(heldOut.y)}, ${by(heldOut.y)}.`] : []),
      `Measured: ${said(measured)} ${lossUnit.words}.`,
    ]
  })
  /** What the person expects, in the unit that is shown; kept in nats per token. */
  const prediction = computed({
    get: () => lossTimes(help.lesson.prediction, shown.factor),
    set: (to) => help.change({ prediction: to === null || shown.factor === null ? null : to / shown.factor }),
  })
  const status = computed(() => {
    if (place.value === 0 || own.value.length === 0) return null
    const going = own.value.filter(isUnderWay).length
    return going ? `${own.value.length - going} of ${own.value.length} runs are over.` : 'All runs are over.'
  })

  /** The starter family in a study of its own. */
  async function start(): Promise<void> {
    await begin.watchLawEmerge()
    help.change({ studyId: studies.currentId })
    shell.go('training')
  }
  function goTo(to: number): void {
    help.change({ step: Math.max(0, Math.min(lessonSteps.length - 1, to)) })
    showRoom()
  }
  function showRoom(): void {
    const { studyId } = help.lesson
    if (studyId && studies.studies.some(({ id }) => id === studyId)) studies.open(studyId)
    if (place.value > 0) shell.go(step.value.room)
  }
  // A study that was deleted takes the lesson back to its beginning.
  watch(
    () =>
      studies.isLoaded && help.lesson.studyId !== null && !studies.studies.some(({ id }) => id === help.lesson.studyId),
    (isGone) => isGone && help.change({ studyId: null, step: 0, prediction: null }),
  )

  return { place, step, done, prediction, verdict, status, largest, start, goTo, showRoom }
})
