// Every method of Lab, a few lines each, handing on to the room that does it. Every door uses this one.
import type { EngineName, EngineProbe } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { Lab, LabNews, NewsKind } from '#shared/lab.ts'
import { createEvidence } from '#main/lab/studies/evidence.ts'
import { createReport } from '#main/lab/reports/report.ts'
import { machineFacts } from '#main/lab/computer/facts.ts'
import { recipeProblem } from '#main/lab/study-schemas.ts'
import { createSweeps } from '#main/lab/studies/sweeps.ts'
import { createTrials } from '#main/lab/studies/trials.ts'
import { textsThere } from '#main/lab/corpora/texts-there.ts'
import { isReading } from './reading-requests.ts'
import { checkArguments, pathsIn } from './requests.ts'
import { composeLab } from './compose.ts'
import type { LabOptions } from './options.ts'
import { modelOrigin, textPath, typedRows, typedSubject } from './typed-paths.ts'

/** The lab as its host holds it: what the window may ask, and what only the host may do. */
export interface LabHost extends Lab {
  /** Returns the way to stop listening. */
  listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void): () => void
  /** Whether one engine runs here, and if not why; quicker than `machine`, which measures them all. */
  probeEngine(engine: EngineName): Promise<Pick<EngineProbe, 'isAvailable' | 'description'>>
  /** Whether a run is starting or training, so that a door can ask before it closes. */
  isTraining(): boolean
  /** Every path that a request names, absolute, so that a door can ask whether the person means it. */
  pathsIn(request: unknown, args: unknown): string[]
  /** Lets the running training save itself, ends all workers, drops what was deleted, closes the store. */
  close(): Promise<void>
}

/**
 * Opens the lab that lives in `home`. Throws a Fault where another process has it, or where its store cannot be used.
 */
export async function createLab(options: LabOptions): Promise<LabHost> {
  const parts = await composeLab(options)
  const {
    settings,
    studies,
    corpora,
    tokenized,
    sampler,
    computer,
    runs,
    checks,
    checkpoints,
    models,
    subjects,
    clusters,
    places,
  } = parts
  const {
    evaluation,
    evaluation: { evaluations, taskFiles },
  } = parts

  const evidenceOfStudy = createEvidence({
    study: studies.read,
    corpora: corpora.list,
    tokenized: tokenized.find,
    runs: runs.list,
    plans: runs.plans,
    records: runs.records,
  })

  const { version, fork, nowMs = Date.now } = options
  const report = createReport({
    ...{ version, fork, nowMs, studies, runStore: parts.runStore, closing: parts.closing, machine: machineFacts() },
    evidence: evidenceOfStudy,
    corpora: corpora.list,
    tokens: tokenized.find,
    annotations: parts.annotations.list,
    evaluations: evaluations.list,
    tasks: taskFiles.list,
  })
  const trials = createTrials({ studies, start: parts.starts.trial })
  const sweeps = createSweeps({ studies, start: parts.starts.trial, problemOf: recipeProblem })

  const lab: Lab = {
    about: async () => parts.about,

    listStudies: async () => studies.list(),
    createStudy: async (name) => studies.create(name),
    updateStudy: async (studyId, changes) => studies.update(studyId, changes),
    duplicateStudy: async (studyId) => studies.duplicate(studyId),
    deleteStudy: async (studyId) => {
      studies.read(studyId)
      for (const run of runs.underWay(studyId)) await runs.pause(run.id)
      for (const check of checks.list(studyId)) await checks.stop(check.id)
      await evaluations.stopWhere((one) => one.studyId === studyId)
      studies.delete(studyId)
    },
    restoreStudy: async (studyId) => {
      const study = studies.restore(studyId)
      for (const run of runs.list(studyId)) parts.news.tell('run', run)
      if (corpora.deleted().some(({ record }) => record.corpus.id === study.corpusId)) corpora.restore(study.corpusId)
      return study
    },
    studyDocument: async (studyId, isLocked) => (isLocked ? parts.locks : studies).document(studyId),
    repeatReport: async (studyId) => parts.locks.report(studyId),
    repeatStudy: async (studyId) => parts.locks.repeat(studyId),
    importStudy: async (document) => studies.import(document as never), // checked by its schema, like every argument
    planStudy: async (studyId) => studies.plan(studyId),
    trialCost: async (studyId, change, choices) => trials.cost(studyId, change, choices),
    beginTrial: async (studyId, change, choices) => trials.begin(studyId, change, choices),
    sweepCost: async (studyId, choices) => sweeps.cost(studyId, choices),
    beginSweep: async (studyId, choices) => sweeps.begin(studyId, choices),
    studyEvidence: async (studyId) => evidenceOfStudy(studyId),
    report: async (studyId, without, unit) => report(studyId, without, unit),

    listDeleted: async () => parts.trash.list(),
    emptyDeleted: async (ids) => parts.trash.empty(ids),

    listCorpora: async () => corpora.list(),
    addCorpus: async (paths, name, field) => corpora.add(await textsThere(paths.map(textPath)), name, field),
    changeCorpus: async (corpusId, changes) => corpora.change(corpusId, changes),
    cancelCorpus: async (corpusId) => corpora.cancel(corpusId),
    deleteCorpus: async (corpusId) => corpora.delete(corpusId),
    restoreCorpus: async (corpusId) => corpora.restore(corpusId),
    listTokenized: async () => tokenized.list(),
    tokenizeCorpus: async (corpusId, tokenizer) => tokenized.start(corpusId, tokenizer),
    corpusText: async (corpusId, split, document) => sampler.text(corpusId, split, document),
    sampleCorpus: async (corpusId, tokenizer, split, document) => sampler.sample(corpusId, tokenizer, split, document),

    machine: async () => computer.read(),
    measureMachine: async () => {
      if (runs.isTraining())
        throw new Fault('conflict', 'A run is training, which would distort the measurement. Pause it first.')
      return computer.measure()
    },
    settings: async () => settings.read(),
    updateSettings: async (changes) => {
      const next = settings.update(changes)
      if (changes.engine !== undefined || changes.threads !== undefined) computer.settingsChanged()
      return next
    },

    listRuns: async (studyId) => runs.list(studyId),
    readRunPlans: async (runIds) => runs.plans(runIds),
    startRuns: async (studyId, memberIds, options) => parts.starts.members(studyId, memberIds, options),
    killPart: async (runId, part) => runs.killPart(runId, part),
    pauseRun: async (runId) => runs.pause(runId),
    resumeRun: async (runId, engine) => runs.resume(runId, engine),
    stopRun: async (runId) => runs.stop(runId),
    rescoreRuns: async (runIds) => runs.rescore(runIds),
    deleteRun: async (runId) => runs.delete(runId),
    restoreRun: async (runId) => runs.restore(runId),
    readRecords: async (runId, afterStep) => runs.records(runId, afterStep),
    readCurve: async (runId, part) => runs.curve(runId, part),

    listSlurmClusters: async () => places.list(),
    saveSlurmCluster: async (cluster) => places.save(cluster),
    deleteSlurmCluster: async (name) => places.remove(name),
    checkSlurmCluster: async (name) => places.check(name),
    stopClusterCheck: async (name) => places.stopCheck(name),
    previewSubmission: async (studyId, memberIds, choice) => places.preview(studyId, memberIds, choice),
    submitFiles: async (studyId, memberIds, cluster, folder, atOnce) =>
      places.writeFiles(studyId, memberIds, cluster, textPath(folder), atOnce),
    handOver: async (studyId, memberIds, cluster, folder, torch) =>
      places.handOver(studyId, memberIds, cluster, textPath(folder), torch),
    takeFolder: async (folder) => places.take(textPath(folder)),

    listAnnotations: async () => parts.annotations.list(),
    annotate: async (kind, id, changes) => parts.annotations.change(kind, id, changes),

    listChecks: async (studyId) => checks.list(studyId),
    startCheck: async (studyId, kind, choices) => checks.start(studyId, kind, choices),
    stopCheck: async (checkId) => checks.stop(checkId),

    listCheckpoints: async (studyId) => checkpoints.list(studyId),

    listModels: async () => models.list(),
    importModel: async (origin, name) => models.start(modelOrigin(origin), name),
    convertModel: async (origin, folder, overwrite) =>
      subjects.convert(modelOrigin(origin), folder === null ? null : await parts.exportPath(folder), overwrite),
    cancelModel: async (modelId) => models.cancel(modelId),
    deleteModel: async (modelId) => models.delete(modelId),
    restoreModel: async (modelId) => models.restore(modelId),
    continueModel: async (studyId, modelId, choices) => parts.starts.fromModel(studyId, modelId, choices),

    export: async (subject, folder, overwrite, form) =>
      subjects.export(subject, await parts.exportPath(folder), overwrite, form),
    generate: async (subject, generateOptions, generationId) =>
      subjects.generate(subject, generateOptions, generationId),
    stopGenerating: async (generationId) => subjects.stopGenerating(generationId),
    describeWeights: async (subject) => subjects.weights(subject),
    readAttention: async (subject, text, layer) => subjects.attention(subject, text, layer),
    compareWeights: async (a, b) => subjects.compare(a, b),

    listTasks: async () => taskFiles.list(),
    addTaskFile: async (task, role, path) => taskFiles.add(task, role, textPath(path)),
    addTask: async (path) => taskFiles.addOwn(textPath(path)),
    removeTask: async (task) => taskFiles.removeOwn(task),
    removeTaskFile: async (task, role) => taskFiles.remove(task, role),
    fetchTask: async (task) => taskFiles.startFetching(task),
    stopFetchingTask: async (task) => taskFiles.stopFetching(task),
    listEvaluations: async (studyId) => evaluations.list(studyId),
    startEvaluations: async (studyId, evaluated, tasks, options) =>
      evaluations.start(studies.read(studyId).id, evaluated.map(typedSubject), tasks, typedRows(options)),
    stopEvaluation: async (evaluationId) => evaluations.stop(evaluationId),
    resumeEvaluation: async (evaluationId) => evaluations.resume(evaluationId),
    deleteEvaluation: async (evaluationId) => evaluations.delete(evaluationId),
    restoreEvaluation: async (evaluationId) => evaluations.restore(evaluationId),
    readSamples: async (evaluationId, query) => evaluations.samples(evaluationId, query),
    automaticEvaluation: async (studyId) => evaluation.automatic(studyId),
    setAutomaticEvaluation: async (studyId, automatic) => evaluation.setAutomatic(studyId, automatic),

    clusterCatalogue: async () => clusters.catalogue(),
    saveClusterMachine: async (machineFile) => clusters.saveMachine(machineFile),
    deleteClusterMachine: async (machineId) => clusters.deleteMachine(machineId),
    searchPlans: async (choices) => clusters.startSearch(choices),
    stopPlanSearch: async (searchId) => clusters.stopSearch(searchId),
    clusterValidation: async () => clusters.validation(),

    opennessCatalogue: async () => parts.openness.catalogue(),
    saveOpennessRow: async (row) => parts.openness.save(row),
    deleteOpennessRow: async (rowId) => parts.openness.remove(rowId),
  }
  const isAllowed = options.isReadOnly ? isReading : () => true
  return {
    ...checked(lab, parts.isOpen, isAllowed),
    listen: parts.news.listen,
    probeEngine: computer.probe,
    isTraining: runs.isTraining,
    pathsIn: (request, args) => pathsIn(parts.about.exportsFolder, request, args),
    close: parts.close,
  }
}

/** The same lab behind its schemas: what does not fit is answered with a sentence and changes nothing. */
function checked(lab: Lab, isOpen: () => boolean, isAllowed: (request: keyof Lab) => boolean): Lab {
  const entries = labRequests.map((request) => {
    const method = lab[request] as (...values: unknown[]) => Promise<unknown>
    return [
      request,
      async (...values: unknown[]) => {
        if (!isOpen()) throw new Fault('unavailable', 'The lab is closed.')
        if (!isAllowed(request))
          throw new Fault('conflict', 'The lab is open to read only, so this cannot be done to it.')
        return method(...checkArguments(request, values))
      },
    ]
  })
  return Object.fromEntries(entries) as Lab
}
