// Training the open study: which members wait for it, what holds the study fast, and the one button.
import { computed, ref } from 'vue'
import { defineStore } from 'pinia'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { isTraining, type RunSummary, type StartChoices } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { useBeginStore } from './begin.ts'
import { useDeletedStore } from './deleted.ts'
import { usePlacesStore } from './places.ts'
import { usePlanStore } from './plan.ts'
import { canStop, useRunsStore } from './runs.ts'
import { useShellStore } from './shell.ts'
import { useStudiesStore } from './studies.ts'

/** Said wherever runs are stopped. */
const saved = 'What is trained is saved first and can be resumed from there.'
const difference =
  'Paused runs lock text, tokenizer and recipe, so that all runs of the study stay comparable; stopped ones do not.'

export const useTraining = defineStore('training', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const runs = useRunsStore()
  const places = usePlacesStore()
  const shell = useShellStore()
  const begin = useBeginStore()
  const deleted = useDeletedStore()
  const isStarting = ref(false)
  /** Trainings of each member, with seeds from the recipe's on: their spread is the noise of the law. */
  const seeds = ref(1)

  const own = computed(() => runs.ofStudy(studies.currentId))
  /** Runs that a change of text, tokenizer or recipe would invalidate. */
  const holding = computed(() => own.value.filter((run) => isUnderWay(run) || run.state === 'paused'))
  const isHeld = computed(() => holding.value.length > 0)
  /** Members to train: on, not refused, and neither trained as they are, with these seeds, nor under way. */
  const waiting = computed(() =>
    plan.trainable.filter((one) => {
      const trained = own.value.filter(
        (run) =>
          run.memberId === one.memberId &&
          run.steps === one.steps &&
          run.parameters === one.parameters &&
          run.state !== 'failed',
      )
      const first = studies.current?.recipe.seed ?? defaultRecipe.seed
      return Array.from({ length: seeds.value }, (_, i) => first + i).some(
        (seed) => !trained.some((run) => (run.seed ?? defaultRecipe.seed) === seed),
      )
    }),
  )

  async function trainLadder(): Promise<void> {
    const study = studies.current
    if (!study || isStarting.value) return
    isStarting.value = true
    await studies.save() // what is trained is what is shown
    const memberIds = waiting.value.map((one) => one.memberId)
    const common = seeds.value > 1 ? { seeds: seeds.value } : undefined
    const start = async (choices: StartChoices | undefined): Promise<void> => {
      const started = await runs.start(study.id, memberIds, choices)
      if (started) shell.go('training')
    }
    const cluster = places.chosen
    if (cluster) void places.offer({ cluster, studyId: study.id, memberIds, ...common, send: start })
    else await start(common)
    isStarting.value = false
  }

  const askStop = ({ id, name }: RunSummary) =>
    shell.ask({
      title: `Stop the run of ${name}?`,
      text: `${saved} ${difference}`,
      action: 'Stop',
      run: () => void runs.stop(id),
    })

  const askDelete = (run: RunSummary) =>
    shell.ask({
      title: `Delete the run of ${run.name}?`,
      text: `Its curve and checkpoints will be deleted too. ${deleted.promise}`,
      action: 'Delete run',
      isDangerous: true,
      run: () => void runs.remove(run),
    })

  function askStopAll(): void {
    const study = studies.current
    const count = own.value.filter(canStop).length
    if (!study || !count) return
    shell.ask({
      title: count === 1 ? 'Stop the run?' : `Stop all ${count} runs?`,
      text: `${saved} ${difference}`,
      action: 'Stop',
      run: () => void runs.stopAll(study.id),
    })
  }

  /** What passes between the first click and the first loss; null where nothing is starting. */
  const stages = computed(() => {
    const starting = own.value.filter(isUnderWay)
    if (begin.isBusy || isStarting.value || (starting.length > 0 && own.value.every(({ step }) => step === 0))) {
      const run = starting.find(({ state }) => state === 'running')
      const isLoading = run?.message?.startsWith('Starting') ?? false
      const isLoaded = run !== undefined && isTraining(run)
      return [
        { text: 'Text read', isDone: plan.corpus?.state === 'finished' },
        { text: 'Tokenized', isDone: plan.tokens?.state === 'finished' || isLoading || isLoaded },
        { text: 'Model made', isDone: isLoaded },
        { text: 'First step', isDone: false },
      ]
    }
    return null
  })

  return { stages, own, holding, isHeld, waiting, seeds, isStarting, trainLadder, askStop, askDelete, askStopAll }
})
