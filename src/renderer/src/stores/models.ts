// The weights there are: runs' checkpoints and models made elsewhere, side by side, and what is done with either.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { DroppedFile } from '#shared/lab-bridge.ts'
import type { GeneratedToken } from '#shared/inspection.ts'
import type { CheckpointRow, ContinueChoices, ImportedModel, ModelOrigin } from '#shared/model.ts'
import type { ExportForm, GenerateOptions } from '#shared/run.ts'
import type { KeptSubject, Subject } from '#shared/subject.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { createUploads } from './uploads.ts'
import { useDeletedStore } from './deleted.ts'
import { useNoticesStore } from './notices.ts'
import { useRunNames } from './run-names.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'
import { withOne } from './with-one.ts'
import { exactly } from '#shared/numbers.ts'

/** One set of weights as every panel knows it. */
export interface Entry {
  key: string
  subject: KeptSubject
  name: string
  /** "step 1,200", or where a model is from. */
  detail: string
  model: ModelPlan
  parameters: number
  bytes: number
  row: CheckpointRow | null
  imported: ImportedModel | null
}

/** What tells it from the others: a run's checkpoints differ by their step. */
export const titleOf = ({ name, detail, row }: Entry): string => (row ? `${name}, ${detail}` : name)

export const originText = (origin: ModelOrigin): string =>
  origin.kind === 'hub'
    ? `hub: ${origin.repo}${origin.revision === 'main' ? '' : ` at ${origin.revision}`}`
    : origin.kind === 'folder'
      ? origin.path
      : `${origin.paths.length} files`

export const useModelsStore = defineStore('models', () => {
  const bridge = useBridge()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const deleted = useDeletedStore()
  const runs = useRunsStore()
  const names = useRunNames()
  const studies = useStudiesStore()
  const imported = shallowRef<ImportedModel[]>([])
  const rows = shallowRef<CheckpointRow[]>([])
  const isLoaded = ref(false)
  /** The import's dialog; the palette opens it as well. */
  const isImporting = ref(false)
  const { uploads, place } = createUploads()

  const put = (model: ImportedModel) => (imported.value = withOne(imported.value, model))
  const drop = (modelId: string) => (imported.value = imported.value.filter((model) => model.id !== modelId))
  bridge.listen('model', put)
  bridge.listen('modelDeleted', ({ modelId }) => drop(modelId))

  async function loadRows(): Promise<void> {
    const studyId = studies.currentId
    const found = studyId ? await bridge.request('listCheckpoints', studyId) : []
    if (studies.currentId === studyId) rows.value = found
  }
  const load = () =>
    notices.attempt(async () => {
      imported.value = await bridge.request('listModels')
      await loadRows()
      isLoaded.value = true
    })
  lab.onBack(() => void load())
  // Rows change when a run has saved, been deleted, or finished; not with every step.
  const marks = computed(() =>
    runs
      .ofStudy(studies.currentId)
      .map(({ id, checkpoints, state }) => `${id} ${checkpoints.join()} ${state === 'finished'}`)
      .join('; '),
  )
  watch([() => studies.currentId, marks], () => void notices.attempt(loadRows))

  const entries = computed<Entry[]>(() => [
    ...rows.value.map((row): Entry => ({
      key: `run ${row.runId} ${row.step}`,
      subject: { kind: 'run', runId: row.runId, step: row.step },
      name: names.nameOf({ id: row.runId, name: row.name }),
      detail: `step ${exactly(row.step)}`,
      model: row.model,
      parameters: row.made.parameters,
      bytes: row.bytes,
      row,
      imported: null,
    })),
    ...imported.value.flatMap((model): Entry[] =>
      model.state === 'finished' && model.plan
        ? [
            {
              key: `model ${model.id}`,
              subject: { kind: 'model', modelId: model.id },
              name: model.name,
              detail: originText(model.origin),
              model: model.plan,
              parameters: model.parameters ?? 0,
              bytes: model.bytes,
              row: null,
              imported: model,
            },
          ]
        : [],
    ),
  ])

  const importModel = async (origin: ModelOrigin, name: string | null): Promise<ImportedModel> => {
    const model = await bridge.request('importModel', origin, name)
    put(model)
    return model
  }
  /** Files of one model: taken where they lie, or sent to the lab's machine first. */
  async function importFiles(files: DroppedFile[], name: string | null): Promise<ImportedModel> {
    return importModel({ kind: 'files', paths: await place(files) }, name)
  }
  const cancel = (modelId: string) => notices.attempt(async () => put(await bridge.request('cancelModel', modelId)))
  const retry = (model: ImportedModel) =>
    notices.attempt(async () => {
      await importModel(model.origin, model.name)
      await bridge.request('deleteModel', model.id)
      drop(model.id)
    })
  const remove = (model: ImportedModel) =>
    notices.attempt(async () => {
      await bridge.request('deleteModel', model.id)
      drop(model.id)
      deleted.announce({ kind: 'model', id: model.id }, `${model.name} is deleted.`)
    })

  const exportSubject = (subject: Subject, folder: string, overwrite: boolean, form: ExportForm) =>
    bridge.request('export', subject, folder, overwrite, form)
  const continueTraining = (modelId: string, choices: ContinueChoices) => {
    if (!studies.currentId)
      throw new Fault('conflict', 'Open a study first: its text and recipe are what its training continues with.')
    return bridge.request('continueModel', studies.currentId, modelId, choices)
  }

  let lastGeneration = 0
  /** Tokens are given as they come; the whole at the end. */
  async function generate(
    subject: Subject,
    options: GenerateOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
    onStart?: (stop: () => void) => void,
  ) {
    const generationId = `${Date.now().toString(36)} ${++lastGeneration}`
    const stop = bridge.listen('generated', (news) => {
      if (news.generationId === generationId) onTokens(news.tokens)
    })
    onStart?.(() => void notices.attempt(() => bridge.request('stopGenerating', generationId)))
    try {
      return await bridge.request('generate', subject, options, generationId)
    } finally {
      stop()
    }
  }
  const weights = (subject: Subject) => bridge.request('describeWeights', subject)
  const attention = (subject: Subject, text: string, layer: number) =>
    bridge.request('readAttention', subject, text, layer)
  const compare = (a: Subject, b: Subject) => bridge.request('compareWeights', a, b)

  return {
    imported,
    rows,
    entries,
    isLoaded,
    isImporting,
    uploads,
    load,
    importModel,
    importFiles,
    cancel,
    retry,
    remove,
    exportSubject,
    continueTraining,
    generate,
    weights,
    attention,
    compare,
  }
})
