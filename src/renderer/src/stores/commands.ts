// Every command by name, for the palette and whoever else offers them.
import { canResume } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { computed } from 'vue'
import { useBeginStore } from './begin.ts'
import { useDeletedStore } from './deleted.ts'
import { useEvaluationsStore } from './evaluations.ts'
import { useLabStore } from './lab.ts'
import { useModelsStore } from './models.ts'
import { usePlanStore } from './plan.ts'
import { useRepeatStore } from './repeat.ts'
import { useReportStore } from './report.ts'
import { canStop, useRunsStore } from './runs.ts'
import { useShellStore, viewNames, type ViewName } from './shell.ts'
import { useStudiesStore } from './studies.ts'
import { useStudyDialogs } from './study-dialogs.ts'
import { useTraining } from './training.ts'

export const viewWords: Record<ViewName, string> = {
  data: 'Data',
  family: 'Family',
  training: 'Training',
  law: 'Law',
  evaluation: 'Evaluation',
  models: 'Models',
  cluster: 'Cluster',
  openness: 'Openness',
  settings: 'Settings',
}
export const modifier = /mac/i.test(navigator.platform) ? '⌘' : 'Ctrl '

export interface NamedCommand {
  id: string
  text: string
  group: string
  keys?: string
  run: () => void
}

export function useCommands() {
  const shell = useShellStore()
  const deleted = useDeletedStore()
  const report = useReportStore()
  const repeat = useRepeatStore()
  const studies = useStudiesStore()
  const runs = useRunsStore()
  const begin = useBeginStore()
  const lab = useLabStore()
  const plan = usePlanStore()
  const dialogs = useStudyDialogs()
  const training = useTraining()
  const models = useModelsStore()
  const evaluations = useEvaluationsStore()

  const commands = computed<NamedCommand[]>(() => {
    const study = studies.current
    const all: (NamedCommand | false)[] = [
      ...(study ? viewNames : (['settings'] as const)).map((name, i) => ({
        id: `go ${name}`,
        text: `Go to ${viewWords[name]}`,
        group: 'View',
        keys: name === 'settings' ? `${modifier},` : `${modifier}${i + 1}`,
        run: () => shell.go(name),
      })),
      { id: 'emerge', text: 'Watch a scaling law emerge', group: 'Begin', run: () => void begin.watchLawEmerge() },
      { id: 'shape', text: 'Shape your own family', group: 'Begin', run: () => void begin.shapeFamily() },
      !!study &&
        plan.trainable.length > 0 &&
        training.waiting.length > 0 && {
          id: 'train',
          text: 'Train this ladder',
          group: 'Study',
          run: () => void training.trainLadder(),
        },
      { id: 'new', text: 'New study', group: 'Study', run: () => dialogs.create() },
      { id: 'open file', text: 'Open a study from a file', group: 'Study', run: () => dialogs.openFile() },
      ...studies.studies
        .filter((one) => one.id !== study?.id && !one.isArchived)
        .map((one) => ({
          id: `open ${one.id}`,
          text: `Open ${one.name}`,
          group: 'Study',
          run: () => studies.open(one.id),
        })),
      { id: 'deleted', text: 'Recently deleted: restore, undo', group: 'Lab', run: () => deleted.open() },
      deleted.undoable.length > 0 && {
        id: 'undo',
        text: 'Undo the last deletion',
        group: 'Lab',
        keys: `${modifier}Z`,
        run: () => void deleted.undo(),
      },
      { id: 'measure', text: 'Re-run the benchmark of this machine', group: 'Lab', run: () => void lab.measure() },
      ...(['light', 'dark', 'system'] as const).map((theme) => ({
        id: `theme ${theme}`,
        text: theme === 'system' ? 'Theme: system' : `Theme ${theme}`,
        group: 'Lab',
        run: () => void lab.change({ theme }),
      })),
    ]
    if (study) {
      const own = runs.ofStudy(study.id)
      all.push(
        {
          id: 'import model',
          text: 'Import a model',
          group: 'Models',
          run: () => {
            shell.go('models')
            models.isImporting = true
          },
        },
        { id: 'rename', text: 'Rename this study', group: 'Study', run: () => dialogs.rename(study) },
        { id: 'duplicate', text: 'Duplicate this study', group: 'Study', run: () => void studies.duplicate(study.id) },
        {
          id: 'save file',
          text: 'Save this study to a file',
          group: 'Study',
          run: () => void studies.saveToFile(study),
        },
        {
          id: 'save locked file',
          text: 'Save this study with its results, to be repeated elsewhere',
          group: 'Study',
          run: () => void studies.saveToFile(study, true),
        },
        ...(study.lock ? [{ id: 'repeat', text: 'Repeat this study', group: 'Study', run: () => repeat.open() }] : []),
        {
          id: 'report',
          text: 'Report of this study (HTML, print, PDF)',
          group: 'Study',
          run: () => void report.open(),
        },
        { id: 'archive', text: 'Archive this study', group: 'Study', run: () => void studies.archive(study, true) },
        { id: 'delete', text: 'Delete this study', group: 'Study', run: () => dialogs.remove(study) },
        evaluations.going.length > 0 && {
          id: 'stop evaluations',
          text: 'Cancel all evaluations',
          group: 'Evaluation',
          run: () => void evaluations.stopAll(),
        },
        evaluations.resumable.length > 0 && {
          id: 'resume evaluations',
          text: 'Resume interrupted evaluations',
          group: 'Evaluation',
          run: () => void evaluations.resumeAll(),
        },
        own.some(isUnderWay) && {
          id: 'pause all',
          text: 'Pause all runs',
          group: 'Training',
          run: () => void runs.pauseAll(study.id),
        },
        own.some(canResume) && {
          id: 'resume all',
          text: 'Resume all runs',
          group: 'Training',
          run: () => void runs.resumeAll(study.id),
        },
        own.some(canStop) && {
          id: 'stop all',
          text: 'Stop all runs',
          group: 'Training',
          run: () => training.askStopAll(),
        },
      )
    }
    return all.filter((one): one is NamedCommand => one !== false)
  })
  return { commands }
}
