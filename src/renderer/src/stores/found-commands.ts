// Runs, checkpoints and imported models as commands: found by name, opened where they live.
import { computed, nextTick } from 'vue'
import { exactly } from '#shared/numbers.ts'
import type { NamedCommand } from './named-command.ts'
import { originText, useModelsStore } from './models.ts'
import { useRunsStore } from './runs.ts'
import { useShellStore } from './shell.ts'
import { useShownRuns } from './shown-runs.ts'
import { useStudiesStore } from './studies.ts'

export function useFoundCommands() {
  const runs = useRunsStore()
  const studies = useStudiesStore()
  const models = useModelsStore()
  const shell = useShellStore()
  const shownRuns = useShownRuns()

  const studyName = (id: string) => studies.studies.find((one) => one.id === id)?.name ?? ''
  async function openRun(studyId: string, runId: string): Promise<void> {
    studies.open(studyId)
    shell.go('training')
    await nextTick() // another study forgets which run was open
    shownRuns.openId = runId
  }

  return computed<NamedCommand[]>(() => [
    ...runs.runs.map(({ id, studyId, name, seed, state }): NamedCommand => ({
      id: `run ${id}`,
      text: `Run ${name}, seed ${seed ?? 0}`,
      group: studyName(studyId),
      words: `${state} ${id}`,
      isOnlyFound: true,
      run: () => void openRun(studyId, id),
    })),
    ...runs.runs.flatMap(({ id, studyId, name, seed, checkpoints }) =>
      checkpoints.map((step): NamedCommand => ({
        id: `checkpoint ${id} ${step}`,
        text: `Checkpoint ${name}, step ${exactly(step)}`,
        group: studyName(studyId),
        words: `seed ${seed ?? 0} ${step} weights model ${id}`,
        isOnlyFound: true,
        run: () => {
          studies.open(studyId)
          shell.openCheckpoints(id, step)
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
