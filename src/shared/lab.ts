// The whole conversation between window and lab. Main implements it, every door carries it, tests fake it.
import type { About } from './about.ts'
import type { Annotation, AnnotationChanges, AnnotationKind } from './annotation.ts'
import type { Check, CheckChoices, CheckKind } from './mup/check.ts'
import type { ClusterCatalogue, MachineEntry } from './cluster/catalogue.ts'
import type { PlanSearch, PlanSearchChoices } from './cluster/plan-search.ts'
import type { ValidationReport } from './cluster/validation.ts'
import type { ClusterPart, StreamingNews } from './cluster/live.ts'
import type { RecipeChange, TrialChoices, TrialCost } from './comparison/trial.ts'
import type { StudyEvidence } from './comparison/evidence.ts'
import type { Corpus, CorpusChanges, Split, TokenizedCorpus } from './corpus.ts'
import type { DeletedItem } from './deleted.ts'
import type { EngineName, Machine } from './engine.ts'
import type {
  AutomaticEvaluation,
  Evaluation,
  EvaluationOptions,
  EvaluationTask,
  SamplesPage,
  SamplesQuery,
  TaskFileRole,
} from './evaluation/evaluation.ts'
import type { MemberPlan } from './family/ladder.ts'
import type { AttentionMaps, Comparison, Generated, GeneratedTokens, TensorStats } from './inspection.ts'
import type { CheckpointRow, ContinueChoices, ImportedModel, ModelOrigin } from './model.ts'
import type { LossUnit } from './loss-unit.ts'
import type { ModelReport } from './model-report.ts'
import type { ClusterCheck, PlaceChoice, SlurmCluster, Submission, TorchChoice } from './place.ts'
import type { ExportForm, ExportReport, GenerateOptions, RunPlan, RunRecords, RunSummary, StartChoices } from './run.ts'
import type { OpennessCatalogue, OpennessEntry } from './openness/openness.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subject.ts'
import type { Study, StudyChanges, StudyDocument } from './study.ts'
import type { RepeatReport } from './study-lock.ts'
import type { CurvePart, RunCurve } from './thinning.ts'
import type { SweepChoices } from './sweep/plan.ts'
import type { TokenizerChoice, TokenPiece } from './tokenizer/choice.ts'

export type { About }

/** What the window may ask. Every method rejects with a Fault, and then nothing has changed. */
export interface Lab {
  /** Version, data folder, which door this is. */
  about(): Promise<About>

  // studies
  listStudies(): Promise<Study[]>
  createStudy(name: string): Promise<Study>
  /** Refused with `conflict` while runs of the study are under way and the change would invalidate them. */
  updateStudy(studyId: string, changes: StudyChanges): Promise<Study>
  duplicateStudy(studyId: string): Promise<Study>
  /** With its runs. Whatever is deleted can be brought back for a while: see `listDeleted`. */
  deleteStudy(studyId: string): Promise<void>
  /** With its text, if that was deleted, too. */
  restoreStudy(studyId: string): Promise<Study>
  /** `isLocked`: with what repeats its finished trainings to the same bits, and their losses. */
  studyDocument(studyId: string, isLocked?: boolean): Promise<StudyDocument>
  /** Makes a study of a document written by `studyDocument`, here or elsewhere. */
  importStudy(document: unknown): Promise<Study>
  /** Of a study that came as a locked file: what is the same here, and whether its trainings came to the same bits. */
  repeatReport(studyId: string): Promise<RepeatReport>
  /** Queues the trainings of a locked study that have not been repeated yet; those that stopped go on. */
  repeatStudy(studyId: string): Promise<RunSummary[]>
  /** What every member of the study will take, on this machine and this corpus. */
  planStudy(studyId: string): Promise<MemberPlan[]>
  /** What the study's twin with one field of its recipe changed would train, and what that takes. */
  trialCost(studyId: string, change: RecipeChange, choices: TrialChoices): Promise<TrialCost>
  /** Makes the twin and queues its trainings: the sweep first, then every member once for each seed. */
  beginTrial(studyId: string, change: RecipeChange, choices: TrialChoices): Promise<Study>
  /** What a sweep over one field would train, and what that takes. */
  sweepCost(studyId: string, choices: SweepChoices): Promise<TrialCost>
  /** Makes a study of the sweep's own and queues its trainings; the study's own value comes last. */
  beginSweep(studyId: string, choices: SweepChoices): Promise<Study>
  /** What it brings to a comparison with another: the points of its law, and how well it was tuned. */
  studyEvidence(studyId: string): Promise<StudyEvidence>
  /** As one HTML file for a colleague. `without`: members that its law leaves out as well; `unit`: of its losses. */
  report(studyId: string, without: string[], unit?: LossUnit): Promise<string>

  // what was deleted
  /** All that can be brought back, latest first; runs of a deleted study come back with it. */
  listDeleted(): Promise<DeletedItem[]>
  /** Forgets these, or all (null), for good; gives the bytes that their files took. */
  emptyDeleted(ids: string[] | null): Promise<number>

  // corpora and tokens
  listCorpora(): Promise<Corpus[]>
  /**
   * Files or folders on the lab's own machine: .txt, folders of text, .jsonl and .parquet with the text in `field`
   * (`text` unless told otherwise). Returns at once; news says how it goes.
   */
  addCorpus(paths: string[], name: string, field?: string): Promise<Corpus>
  /** Its name, licence and notes; another field reads one again that could not be read. */
  changeCorpus(corpusId: string, changes: CorpusChanges): Promise<Corpus>
  cancelCorpus(corpusId: string): Promise<Corpus>
  deleteCorpus(corpusId: string): Promise<void>
  restoreCorpus(corpusId: string): Promise<Corpus>
  listTokenized(): Promise<TokenizedCorpus[]>
  /**
   * Trains the tokenizer if need be and encodes the corpus. Returns at once, `finished` where they are there; news says
   * how it goes.
   */
  tokenizeCorpus(corpusId: string, tokenizer: TokenizerChoice): Promise<TokenizedCorpus>
  /** The beginning of a split's `document` as it was read, no tokenizer asked. */
  corpusText(corpusId: string, split: Split, document: number): Promise<string>
  /** The beginning of a split's `document`, cut into the tokenizer's pieces. */
  sampleCorpus(corpusId: string, tokenizer: TokenizerChoice, split: Split, document: number): Promise<TokenPiece[]>

  // machine and settings
  machine(): Promise<Machine>
  /** Probes every engine again and measures the chosen one: some seconds. */
  measureMachine(): Promise<Machine>
  settings(): Promise<Settings>
  updateSettings(changes: Partial<Settings>): Promise<Settings>

  // runs
  listRuns(studyId: string | null): Promise<RunSummary[]>
  /** What each was started with; those that are not here any more are left out. */
  readRunPlans(runIds: string[]): Promise<RunPlan[]>
  /**
   * Queues one run for each member, smallest first; with `options`, each trains on an emulated cluster of so many
   * systems, with several seeds, or all of them on a Slurm cluster, as one job array.
   */
  startRuns(studyId: string, memberIds: string[], options?: StartChoices): Promise<RunSummary[]>
  pauseRun(runId: string): Promise<RunSummary>
  /** Goes on from the last checkpoint; with another engine, to numbers that rounding makes a little different. */
  resumeRun(runId: string, engine?: EngineName): Promise<RunSummary>
  stopRun(runId: string): Promise<RunSummary>
  /** Queues finished runs of older labs to be scored on the whole validation split by their last checkpoints. */
  rescoreRuns(runIds: string[]): Promise<RunSummary[]>
  deleteRun(runId: string): Promise<void>
  restoreRun(runId: string): Promise<RunSummary>
  /**
   * The records after `afterStep` (0 for the first), so that a window that opens late misses nothing. A long run
   * answers in pieces: ask on from the last step.
   */
  readRecords(runId: string, afterStep: number): Promise<RunRecords>
  /** The same thinned for drawing, or every step of a part of it. A long part answers in pieces: ask on. */
  readCurve(runId: string, part: CurvePart): Promise<RunCurve>
  /**
   * Kills one process of the cluster that the run trains on; the run makes good what was lost. Refused where it does
   * not train on one.
   */
  killPart(runId: string, part: ClusterPart): Promise<void>

  // Slurm clusters, on which runs train
  listSlurmClusters(): Promise<SlurmCluster[]>
  /** Adds it, or replaces the one of its name. */
  saveSlurmCluster(cluster: SlurmCluster): Promise<SlurmCluster>
  deleteSlurmCluster(name: string): Promise<void>
  /** From the connection to a job of ten seconds. Returns at once; news says how it goes. */
  checkSlurmCluster(name: string): Promise<ClusterCheck>
  stopClusterCheck(name: string): Promise<void>
  /** What `startRuns` would send there; nothing is sent. */
  previewSubmission(studyId: string, memberIds: string[], choice: PlaceChoice): Promise<Submission>
  /** Queues runs whose files a person carries: writes all of them to a folder, with the script that submits them. */
  submitFiles(
    ...asked: [studyId: string, memberIds: string[], cluster: SlurmCluster, folder: string, atOnce?: number]
  ): Promise<{ runs: RunSummary[]; command: string }>
  /** The same for people who start the runs themselves, by PyTorch: its package, runs, tokens and a script. */
  handOver(studyId: string, memberIds: string[], gpus: SlurmCluster, to: string, by: TorchChoice): Promise<RunSummary[]>
  /** Reads back what such runs have recorded and saved. */
  takeFolder(folder: string): Promise<RunSummary[]>

  // notes and tags
  /** Of every run and study that has any. */
  listAnnotations(): Promise<Annotation[]>
  /** What is not named stays as it is. */
  annotate(kind: AnnotationKind, id: string, changes: AnnotationChanges): Promise<Annotation>

  // checks of muP
  /** All checks of a study, newest last. */
  listChecks(studyId: string): Promise<Check[]>
  /** Returns at once; news says how it goes. `choices` are departures from the usual ones. */
  startCheck(studyId: string, kind: CheckKind, choices: Partial<CheckChoices>): Promise<Check>
  stopCheck(checkId: string): Promise<Check>

  // checkpoints
  /** Every checkpoint that lies on disk, of one study or of all; oldest run first, ascending steps. */
  listCheckpoints(studyId: string | null): Promise<CheckpointRow[]>

  // models made elsewhere
  listModels(): Promise<ImportedModel[]>
  /** Fetches, reads, checks and keeps it. Returns at once; news says how it goes. `name` null: after its origin. */
  importModel(origin: ModelOrigin, name: string | null): Promise<ImportedModel>
  /** Reads and checks it, and writes it to a folder in the lab's own form; null for the folder looks only. */
  convertModel(origin: ModelOrigin, folder: string | null, overwrite: boolean): Promise<ModelReport>
  cancelModel(modelId: string): Promise<ImportedModel>
  deleteModel(modelId: string): Promise<void>
  restoreModel(modelId: string): Promise<ImportedModel>
  /**
   * Queues a run of the study whose first weights are the model's, on the study's text cut by the model's own
   * tokenizer.
   */
  continueModel(studyId: string, modelId: string, choices: ContinueChoices): Promise<RunSummary>

  // weights of any kind; those that are asked something stay loaded in a worker for a while after
  /**
   * Writes the weights in a form that others read: a Hugging Face folder unless told otherwise. An existing, non-empty
   * folder needs `overwrite`.
   */
  export(subject: Subject, folder: string, overwrite: boolean, form?: ExportForm): Promise<ExportReport>
  /** Continues a text with probabilities shown; tokens come as news under `generationId` while it goes on. */
  generate(subject: Subject, options: GenerateOptions, generationId: string): Promise<Generated>
  /**
   * Ends a generation: it answers with what there was until then, or is refused with `cancelled` where there was
   * nothing. Nothing happens where it has ended.
   */
  stopGenerating(generationId: string): Promise<void>
  describeWeights(subject: Subject): Promise<TensorStats[]>
  /** What one layer's heads look at in the beginning of `text`. */
  readAttention(subject: Subject, text: string, layer: number): Promise<AttentionMaps>
  compareWeights(a: Subject, b: Subject): Promise<Comparison>

  // evaluation
  /** Every task with the rows of it that are here. */
  listTasks(): Promise<EvaluationTask[]>
  /** Copies a file of rows (.jsonl, .json, .parquet; on the lab's own machine) in place of the last one of its role. */
  addTaskFile(task: string, role: TaskFileRole, path: string): Promise<EvaluationTask>
  removeTaskFile(task: string, role: TaskFileRole): Promise<EvaluationTask>
  /** A task of one's own from a JSON file (docs/evaluation.md); the same content is the same task. Results stay. */
  addTask(path: string): Promise<EvaluationTask>
  removeTask(task: string): Promise<void>
  /** Brings the official rows from the hub. Returns at once; news `task` says how it goes. */
  fetchTask(task: string): Promise<EvaluationTask>
  stopFetchingTask(task: string): Promise<EvaluationTask>
  /** Oldest first. */
  listEvaluations(studyId: string): Promise<Evaluation[]>
  /**
   * Queues one for each subject and task; returns at once, news says how it goes. What is under way already is given as
   * it is, and what was broken off goes on. Rows that are not here are fetched from the hub when their turn comes.
   */
  startEvaluations(
    studyId: string,
    subjects: Subject[],
    tasks: string[],
    options: EvaluationOptions,
  ): Promise<Evaluation[]>
  stopEvaluation(evaluationId: string): Promise<Evaluation>
  /** Goes on from the items that lie on disk. */
  resumeEvaluation(evaluationId: string): Promise<Evaluation>
  deleteEvaluation(evaluationId: string): Promise<void>
  restoreEvaluation(evaluationId: string): Promise<Evaluation>
  /** What the model made of each item, page by page; also while it goes on. */
  readSamples(evaluationId: string, query: SamplesQuery): Promise<SamplesPage>
  /** What evaluates the study's members as they finish. */
  automaticEvaluation(studyId: string): Promise<AutomaticEvaluation>
  setAutomaticEvaluation(studyId: string, automatic: AutomaticEvaluation): Promise<AutomaticEvaluation>

  // clusters: single answers are arithmetic of shared/cluster, done where they are shown
  clusterCatalogue(): Promise<ClusterCatalogue>
  /** Adds a machine of the person's own, or replaces it: every figure with its source, as in the files that ship. */
  saveClusterMachine(machine: unknown): Promise<MachineEntry>
  deleteClusterMachine(machineId: string): Promise<void>
  /** Returns at once; news says how it goes. One search at a time: a new one stops the one before. */
  searchPlans(choices: PlanSearchChoices): Promise<PlanSearch>
  stopPlanSearch(searchId: string): Promise<PlanSearch>
  /** The cost model against every measurement that ships. */
  clusterValidation(): Promise<ValidationReport>

  // openness
  /** Published models by what is open and how they were trained, then a person's own. */
  opennessCatalogue(): Promise<OpennessCatalogue>
  /** Adds a row of the person's own, or replaces it: every cell with its source, as in the file that ships. */
  saveOpennessRow(row: unknown): Promise<OpennessEntry>
  deleteOpennessRow(rowId: string): Promise<void>
}

/** What the lab tells without being asked. It says that something happened; it never asks for anything. */
export interface LabNews {
  /** Gathered for about 100 ms; a lost message is made good by readCurve. */
  records: RunRecords
  run: RunSummary
  runDeleted: { runId: string }
  annotation: Annotation
  check: Check
  clusterCheck: ClusterCheck
  planSearch: PlanSearch
  study: Study
  studyDeleted: { studyId: string }
  corpus: Corpus
  corpusDeleted: { corpusId: string }
  tokenized: TokenizedCorpus
  machine: Machine
  settings: Settings
  model: ImportedModel
  modelDeleted: { modelId: string }
  generated: GeneratedTokens
  /** About five a second while a run trains on a cluster. */
  streaming: StreamingNews
  /** Every few items while it goes on. */
  evaluation: Evaluation
  evaluationDeleted: { evaluationId: string }
  task: EvaluationTask
  taskRemoved: { task: string }
  automaticEvaluation: { studyId: string; automatic: AutomaticEvaluation }
}

export type NewsKind = keyof LabNews
