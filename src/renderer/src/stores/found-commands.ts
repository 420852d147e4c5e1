// Runs, checkpoints and imported models as commands: found by name, opened where they live, and what can be done with
// each run.
import { computed, nextTick } from 'vue'
import { exactly } from '#shared/numbers.ts'
import { canResume, type RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { NamedCommand } from './named-command.ts'
import { originText, useModelsStore } from './models.ts'
import { runRoomCommand, type RoomCommand } from './room-commands.ts'
import { useRunNames } from './run-names.ts'
import { canResumeOnCpu, canStop, useRunsStore } from './runs.ts'
import { useShellStore } from './shell.ts'
import { useShownRuns } from './shown-runs.ts'
import { useStudiesStore } from './studies.ts'
import { useTraining } from './training.ts'

export function useFoundCommands() {
  const runs = useRunsStore()
  const studies = useStudiesStore()
  const models = useModelsStore()
  const shell = useShellStore()
  const shownRuns = useShownRuns()
  const training = useTraining()
  const names = useRunNames()

  /** With what tells it from others of its name. */
  const called = ({ id, name, seed }: RunSummary) => `${name}, ${names.detailOf(id) || `seed ${seed ?? 0}`}`
  const studyName = (id: string) => studies.studies.find((one) => one.id === id)?.name ?? ''
  async function openRun(studyId: string, runId: string): Promise<void> {
    studies.open(studyId)
    shell.go('training')
    await nextTick() // another study forgets which run was open
    shownRuns.openId = runId
  }

  /** Presses what a person would press beside the run's last checkpoint. */
  const withWeights = ({ id, studyId }: RunSummary, how: Pick<RoomCommand, 'page' | 'press'>) =>
    runRoomCommand({ text: '', room: 'models', ...how }, () => {
      studies.open(studyId)
      shell.openCheckpoints(id)
    })
  function actionsOf(run: RunSummary): NamedCommand[] {
    const { id, studyId, checkpoints } = run
    const one = (verb: string, words: string, act: () => unknown): NamedCommand => ({
      id: `${verb} ${id}`,
      text: `${verb} run ${called(run)}`,
      group: studyName(studyId),
      words: `${words} ${id}`,
      isOnlyFound: true,
      run: () => void act(),
    })
    const hasWeights = checkpoints.length > 0
    return [
      ...(isUnderWay(run) ? [one('Pause', 'hold suspend', () => runs.pause(id))] : []),
      ...(canResume(run) ? [one('Resume', 'continue', () => runs.resume(id))] : []),
      ...(canResumeOnCpu(run) ? [one('Resume on the CPU:', 'continue', () => runs.resumeOnCpu(id))] : []),
      ...(canStop(run) ? [one('Stop', 'cancel end', () => training.askStop(run))] : []),
      ...(hasWeights
        ? [
            one('Prompt', 'playground generate text chat', () =>
              withWeights(run, { page: ['isoflop.models-page', 'play'] }),
            ),
            one('Evaluate', 'benchmark score tasks', () => withWeights(run, { press: '[evaluate-entry]' })),
            one('Export', 'save download gguf safetensors', () => withWeights(run, { press: '[export-checkpoint]' })),
          ]
        : []),
      ...(isUnderWay(run) ? [] : [one('Delete', 'remove trash', () => training.askDelete(run))]),
    ]
  }

  return computed<NamedCommand[]>(() => [
    ...runs.runs.map((run): NamedCommand => ({
      id: `run ${run.id}`,
      text: `Run ${called(run)}`,
      group: studyName(run.studyId),
      words: `open page ${run.state} ${run.id}`,
      isOnlyFound: true,
      run: () => void openRun(run.studyId, run.id),
    })),
    ...runs.runs.flatMap(actionsOf),
    ...runs.runs.flatMap((run) =>
      run.checkpoints.map((step): NamedCommand => ({
        id: `checkpoint ${run.id} ${step}`,
        text: `Checkpoint ${called(run)}, step ${exactly(step)}`,
        group: studyName(run.studyId),
        words: `${step} weights model ${run.id}`,
        isOnlyFound: true,
        run: () => {
          studies.open(run.studyId)
          shell.openCheckpoints(run.id, step)
        },
      })),
    ),
    ...models.imported.map(({ id, name, origin }): NamedCommand => ({
      id: `model ${id}`,
      text: `Model ${name}`,
      group: 'Imported',
      words: originText(origin),
      isOnlyFound: true,
      run: () => shell.openModel(id),
    })),
  ])
}
