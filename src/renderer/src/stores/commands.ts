// Every command by name, for the palette and whoever else offers them.
import { canResume } from '#shared/run.ts'
import { lossUnits, lossUnitWords } from '#shared/loss-unit.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { computed, watch } from 'vue'
import { useBeginStore } from './begin.ts'
import { useDeletedStore } from './deleted.ts'
import { useFoundCommands } from './found-commands.ts'
import { useHelpStore } from './help.ts'
import { useLossUnit } from './loss-unit.ts'
import { useNoticesStore } from './notices.ts'
import type { NamedCommand } from './named-command.ts'
import { roomCommands, runRoomCommand } from './room-commands.ts'
import { useSweepStore } from './sweep.ts'
import { useEvaluationsStore } from './evaluations.ts'
import { useLabStore } from './lab.ts'
import { useModelsStore } from './models.ts'
import { usePlanStore } from './plan.ts'
import { useRepeatStore } from './repeat.ts'
import { useReportStore } from './report.ts'
import { canStop, useRunsStore } from './runs.ts'
import { needsStudy, useShellStore, viewNames, type ViewName } from './shell.ts'
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

  const help = useHelpStore()
  const notices = useNoticesStore()
  const lossUnit = useLossUnit()
  const sweep = useSweepStore()
  const found = useFoundCommands()
  // What was imported is found before its room was ever open.
  watch(
    () => shell.isPaletteOpen,
    (isOpen) => isOpen && !models.isLoaded && void models.load(),
  )
  const rooms = roomCommands.map((one) => ({
    id: `${one.room}: ${one.text}`,
    room: one.room,
    text: one.text,
    group: viewWords[one.room],
    words: one.words,
    run: async () => {
      if (!(await runRoomCommand(one, shell.go)))
        notices.tell(`${one.text} is not possible here now: ${viewWords[one.room]} has nothing for it yet.`)
    },
  }))

  const commands = computed<NamedCommand[]>(() => {
    const study = studies.current
    const all: (NamedCommand | false)[] = [
      ...viewNames
        .filter((name) => study || !needsStudy(name))
        .map((name) => ({
          id: `go ${name}`,
          text: `Go to ${viewWords[name]}`,
          group: 'View',
          keys: name === 'settings' ? `${modifier},` : `${modifier}${viewNames.indexOf(name) + 1}`,
          run: () => shell.go(name),
        })),
      { id: 'begin', text: 'Start page', group: 'Begin', words: 'welcome home', run: () => (shell.isWelcome = true) },
      { id: 'emerge', text: 'Watch a scaling law emerge', group: 'Begin', run: () => void begin.watchLawEmerge() },
      { id: 'shape', text: 'Shape your own family', group: 'Begin', run: () => void begin.shapeFamily() },
      { id: 'emulate', text: 'Emulate a cluster', group: 'Begin', run: () => shell.go('cluster') },
      !!study &&
        plan.trainable.length > 0 &&
        training.waiting.length > 0 && {
          id: 'train',
          text: 'Train this ladder',
          group: 'Study',
          run: () => void training.trainLadder(),
        },
      { id: 'new', text: 'New study', group: 'Study', words: 'create file', run: () => dialogs.create() },
      {
        id: 'open file',
        text: 'Open a study from a file',
        group: 'Study',
        words: 'load import json',
        run: () => dialogs.openFile(),
      },
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
    all.push(
      ...lossUnits.map((unit) => ({
        id: `loss ${unit}`,
        text: `Losses in ${lossUnitWords[unit]}`,
        group: 'Lab',
        words: 'unit axis bpb',
        run: () => void (lossUnit.unit = unit),
      })),
      {
        id: 'help law',
        text: 'What is a scaling law?',
        group: 'Help',
        words: 'explain documentation docs manual power',
        run: () => help.show('law'),
      },
      {
        id: 'help lesson',
        text: 'Lesson: your first scaling law',
        group: 'Help',
        words: 'guided tour tutorial teach class learn start',
        run: () => help.openLesson(),
      },
      {
        id: 'help shortcuts',
        text: 'Keyboard shortcuts',
        group: 'Help',
        keys: '?',
        words: 'keys sheet hotkeys',
        run: () => help.show('shortcuts'),
      },
    )
    if (study) {
      const own = runs.ofStudy(study.id)
      all.push(
        {
          id: 'sweep',
          text: 'Sweep a field',
          group: 'Law',
          words: 'learning rate batch seed width depth tokens tune hyperparameter search',
          run: () => sweep.ask(),
        },
        {
          id: 'export',
          text: 'Export a checkpoint',
          group: 'Models',
          words: 'save download hugging face gguf safetensors take',
          run: async () => {
            if (!(await runRoomCommand({ text: 'Export', room: 'models', press: '[export-checkpoint]' }, shell.go)))
              notices.tell('There is no checkpoint to export yet: train a member, or import a model.')
          },
        },
        {
          id: 'import model',
          text: 'Import a model',
          group: 'Models',
          words: 'hub hugging face upload load gpt2 weights',
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
          words: 'export download json',
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
          words: 'export save download share',
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
    return [
      ...all.filter((one): one is NamedCommand => one !== false),
      ...rooms.filter(({ room }) => study || !needsStudy(room)),
      ...found.value,
    ]
  })
  return { commands }
}
