// What may come in through a door: a schema for every request, and a sentence that names the field when it does not
// fit.
import { z } from 'zod'
import { engineNames } from '#shared/engine.ts'
import { annotationKinds } from '#shared/annotation.ts'
import { mostPlansAtOnce } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'
import { lossUnits } from '#shared/loss-unit.ts'
import { checkKinds } from '#shared/mup/check.ts'
import {
  annotationChanges,
  corpusChanges,
  curvePart,
  field,
  id,
  name,
  path,
  count,
  exportFolder,
  step,
} from './common-schemas.ts'
import { slurmCluster, torchChoice } from './places/schema.ts'
import {
  tokenizer,
  studyChanges,
  studyDocument,
  settingsChanges,
  checkChoices,
  recipeChange,
  trialChoices,
  sweepChoices,
} from './study-schemas.ts'
import { pathIn, textPath } from './typed-paths.ts'
import { describeIssue } from './validation-messages.ts'
import {
  generateOptions,
  modelOrigin,
  subject,
  continueChoices,
  task,
  evaluatedTasks,
  evaluationOptions,
  taskFileRole,
  placeChoice,
  startChoices,
  clusterPart,
  exportForm,
  planSearchChoices,
} from './weight-schemas.ts'

const memberIds = z.array(id).min(1, 'must name at least one member').max(200)

/** Every request's arguments, in order, by the names that a sentence calls them. */
export const requests = {
  about: {},
  listStudies: {},
  createStudy: { name },
  updateStudy: { studyId: id, changes: studyChanges },
  duplicateStudy: { studyId: id },
  deleteStudy: { studyId: id },
  restoreStudy: { studyId: id },
  studyDocument: { studyId: id, isLocked: z.boolean().optional() },
  importStudy: { document: studyDocument },
  repeatReport: { studyId: id },
  repeatStudy: { studyId: id },
  planStudy: { studyId: id },
  trialCost: { studyId: id, change: recipeChange, choices: trialChoices },
  beginTrial: { studyId: id, change: recipeChange, choices: trialChoices },
  sweepCost: { studyId: id, choices: sweepChoices },
  beginSweep: { studyId: id, choices: sweepChoices },
  studyEvidence: { studyId: id },
  report: { studyId: id, without: z.array(id).max(1000), unit: z.enum(lossUnits).optional() },
  listDeleted: {},
  emptyDeleted: { ids: z.array(id).max(100_000).nullable() },
  listCorpora: {},
  addCorpus: {
    paths: z.array(path).min(1, 'must name at least one file or folder').max(10_000),
    name,
    field: field.optional(),
  },
  changeCorpus: { corpusId: id, changes: corpusChanges },
  cancelCorpus: { corpusId: id },
  deleteCorpus: { corpusId: id },
  restoreCorpus: { corpusId: id },
  listTokenized: {},
  tokenizeCorpus: { corpusId: id, tokenizer },
  corpusText: { corpusId: id, split: z.enum(['train', 'validation', 'test']), document: count(0, 1e12) },
  sampleCorpus: { corpusId: id, tokenizer, split: z.enum(['train', 'validation', 'test']), document: count(0, 1e12) },
  machine: {},
  measureMachine: {},
  settings: {},
  updateSettings: { changes: settingsChanges },
  listRuns: { studyId: id.nullable() },
  readRunPlans: { runIds: z.array(id).min(1, 'must name at least one run').max(mostPlansAtOnce) },
  startRuns: { studyId: id, memberIds, options: startChoices.optional() },
  pauseRun: { runId: id },
  resumeRun: { runId: id, engine: z.enum(engineNames).optional() },
  stopRun: { runId: id },
  rescoreRuns: { runIds: z.array(id).min(1, 'must name at least one run').max(mostPlansAtOnce) },
  deleteRun: { runId: id },
  restoreRun: { runId: id },
  readRecords: { runId: id, afterStep: step },
  readCurve: { runId: id, part: curvePart },
  killPart: { runId: id, part: clusterPart },
  listSlurmClusters: {},
  saveSlurmCluster: { cluster: slurmCluster },
  deleteSlurmCluster: { name },
  checkSlurmCluster: { name },
  stopClusterCheck: { name },
  previewSubmission: { studyId: id, memberIds, choice: placeChoice },
  submitFiles: { studyId: id, memberIds, cluster: slurmCluster, folder: path, atOnce: count(1, 1000).optional() },
  handOver: { studyId: id, memberIds, cluster: slurmCluster, folder: path, torch: torchChoice },
  takeFolder: { folder: path },
  listAnnotations: {},
  annotate: { kind: z.enum(annotationKinds), id, changes: annotationChanges },
  listChecks: { studyId: id },
  startCheck: { studyId: id, kind: z.enum(checkKinds), choices: checkChoices },
  stopCheck: { checkId: id },
  clusterCatalogue: {},
  saveClusterMachine: { machine: z.record(z.string(), z.unknown()) },
  deleteClusterMachine: { machineId: id },
  searchPlans: { choices: planSearchChoices },
  stopPlanSearch: { searchId: id },
  clusterValidation: {},
  opennessCatalogue: {},
  saveOpennessRow: { row: z.record(z.string(), z.unknown()) },
  deleteOpennessRow: { rowId: id },
  listCheckpoints: { studyId: id.nullable() },
  listModels: {},
  importModel: { origin: modelOrigin, name: name.nullable() },
  convertModel: { origin: modelOrigin, folder: exportFolder.nullable(), overwrite: z.boolean() },
  cancelModel: { modelId: id },
  deleteModel: { modelId: id },
  restoreModel: { modelId: id },
  continueModel: { studyId: id, modelId: id, choices: continueChoices },
  export: { subject, folder: exportFolder, overwrite: z.boolean(), form: exportForm.optional() },
  generate: { subject, options: generateOptions, generationId: id },
  stopGenerating: { generationId: id },
  describeWeights: { subject },
  readAttention: { subject, text: z.string().max(100_000), layer: count(0, 1000) },
  compareWeights: { a: subject, b: subject },
  listTasks: {},
  addTaskFile: { task, role: taskFileRole, path },
  removeTaskFile: { task, role: taskFileRole },
  addTask: { path },
  removeTask: { task },
  fetchTask: { task },
  stopFetchingTask: { task },
  listEvaluations: { studyId: id },
  startEvaluations: {
    studyId: id,
    subjects: z.array(subject).min(1, 'must name at least one model').max(1000),
    tasks: evaluatedTasks.min(1, 'must name at least one task'),
    options: evaluationOptions,
  },
  stopEvaluation: { evaluationId: id },
  resumeEvaluation: { evaluationId: id },
  deleteEvaluation: { evaluationId: id },
  restoreEvaluation: { evaluationId: id },
  readSamples: {
    evaluationId: id,
    query: z.strictObject({ verdict: z.enum(['all', 'right', 'wrong']), from: count(0, 1e9), count: count(1, 1000) }),
  },
  automaticEvaluation: { studyId: id },
  setAutomaticEvaluation: {
    studyId: id,
    automatic: z.strictObject({ isOn: z.boolean(), tasks: evaluatedTasks, options: evaluationOptions }),
  },
} satisfies Record<keyof Lab, Record<string, z.ZodType>>

/** The arguments of a request as they may be used, or a Fault that names the field that cannot. */
export function checkArguments<K extends keyof Lab>(request: K, values: readonly unknown[]): Parameters<Lab[K]> {
  const fields = Object.entries<z.ZodType>(requests[request])
  if (values.length > fields.length)
    throw new Fault('bad-input', `${request} takes ${fields.length} arguments and got ${values.length}.`)
  return fields.map(([field, schema], i) => {
    const result = schema.safeParse(values[i])
    if (result.success) return result.data
    const issue = result.error.issues[0]
    const where = [field, ...issue.path].map((part) => String(part).slice(0, 60)).join('.')
    throw new Fault('bad-input', `${where}: ${describeIssue(issue, values[i])}.`)
  }) as Parameters<Lab[K]>
}

/**
 * Every path that a request names, wherever it stands in the arguments, absolute as its room will take it; none in what
 * is no request.
 */
export function pathsIn(exportsFolder: string, request: unknown, values: unknown): string[] {
  if (typeof request !== 'string' || !Object.prototype.hasOwnProperty.call(requests, request)) return []
  if (!Array.isArray(values)) return []
  const schemas = Object.values<z.ZodType>(requests[request as keyof Lab])
  return schemas.flatMap((schema, i) => [
    ...textsUnder(path, schema, values[i]).map(textPath),
    ...textsUnder(exportFolder, schema, values[i]).map((one) => pathIn(exportsFolder, one)),
  ])
}

/** The texts in a value that its schema calls by the schema `wanted`. */
function textsUnder(wanted: z.ZodType, schema: z.ZodType, value: unknown): string[] {
  const under = (inner: unknown, part: unknown): string[] => textsUnder(wanted, inner as z.ZodType, part)
  if (schema === wanted) return typeof value === 'string' ? [value] : []
  if (schema instanceof z.ZodObject) {
    const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
    return Object.entries(schema.shape as object).flatMap(([field, inner]) => under(inner, fields[field]))
  }
  if (schema instanceof z.ZodArray)
    return Array.isArray(value) ? value.flatMap((one) => under(schema.element, one)) : []
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => under(option, value))
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return under(schema.unwrap(), value)
  return []
}
