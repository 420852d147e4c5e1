// What may come in through a door: a schema for every request, and a sentence that names the field when it does not
// fit.
import { z } from 'zod'
import { Fault } from '#shared/fault.ts'
import { engineNames } from '#shared/engine.ts'
import type { Lab } from '#shared/lab.ts'
import type { StudyDocument } from '#shared/study.ts'
import { checkKinds } from '#shared/mup/check.ts'
import { mostSystems } from '#shared/cluster/live.ts'
import { shotSamplers } from '#shared/evaluation/evaluation.ts'
import { bpeVocabularyRange } from '#shared/tokenizer/choice.ts'
import { issueWords } from './validation-messages.ts'

const id = z.string().min(1).max(200)
const name = z.string().trim().min(1, 'must not be empty').max(200)
const path = z
  .string()
  .min(1, 'must not be empty')
  .max(4096)
  .refine((text) => !text.includes('\0'), 'must be a path')
const count = (smallest: number, largest: number) => z.number().int().min(smallest).max(largest)
const share = z.number().min(0).max(1)

const tokenizer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bytes') }),
  z.strictObject({
    kind: z.literal('bpe'),
    vocabulary: count(bpeVocabularyRange.smallest, bpeVocabularyRange.largest),
  }),
  z.strictObject({ kind: z.literal('gpt2') }),
])

const decay = z.enum(['linear', 'cosine', 'wsd', 'wsd-s', 'constant'])

const recipe = z.strictObject({
  tokensPerParameter: z.number().min(0.01).max(10_000),
  countedParameters: z.enum(['all', 'without-embeddings', 'blocks-and-head']),
  flopsConvention: z.enum(['cerebras', 'hoffmann', 'sixNd', 'palm']),
  activation: z.enum(['gelu', 'gelu_new']),
  parametrisation: z.enum(['standard', 'mup']),
  mupBaseWidth: count(1, 65_536),
  mupEmbeddingScale: z.number().positive().max(1e4).optional(),
  mupOutputScale: z.number().positive().max(1e4).optional(),
  context: count(2, 65_536),
  batchTokens: count(1, 1e9).nullable(),
  peakLearningRate: z.number().positive().max(10).nullable(),
  warmupFraction: share,
  decay,
  finalFraction: share,
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive().max(1),
  weightDecay: z.number().min(0).max(10),
  clipNorm: z.number().positive().max(1e6),
  initStd: z.number().positive().max(10),
  seed: count(0, 0xffff_ffff),
})

const published = z.strictObject({
  vocabulary: count(1, 1e6),
  context: count(1, 65_536),
  steps: count(1, 1e9),
  batchSequences: count(1, 1e6),
  warmupSteps: count(0, 1e9),
  peakLearningRate: z.number().positive().max(10),
  decay,
  finalFraction: share,
  epsilon: z.number().positive().max(1),
  residualStd: z.number().positive().max(10).optional(),
  phases: z
    .array(z.strictObject({ steps: count(1, 1e9), batchSequences: count(1, 1e6) }))
    .max(100)
    .optional(),
})

const member = z
  .strictObject({
    id,
    name,
    layers: count(1, 1000),
    width: count(1, 65_536),
    heads: count(1, 1024),
    tokensPerParameter: z.number().min(0.01).max(10_000).optional(),
    isEnabled: z.boolean(),
    published: published.optional(),
  })
  .refine(({ width, heads }) => width % heads === 0, { path: ['heads'], message: 'must divide the width' })

const dial = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('compute'), flops: z.number().positive().max(1e30) }),
  z.strictObject({ kind: z.literal('largest'), parameters: z.number().positive().max(1e15) }),
  z.strictObject({ kind: z.literal('preset'), preset: z.string().min(1).max(200) }),
])

const ladder = z.strictObject({
  dial,
  members: z
    .array(member)
    .max(200)
    .refine((members) => new Set(members.map((one) => one.id)).size === members.length, 'must not have an id twice'),
})

const studyChanges = z.strictObject({
  name: name.optional(),
  corpusId: id.optional(),
  tokenizer: tokenizer.optional(),
  recipe: recipe.optional(),
  ladder: ladder.optional(),
  isArchived: z.boolean().optional(),
})

const studyDocument = z.strictObject({
  format: z.literal('isoflop-study', 'must be "isoflop-study": this is not a study of Isoflop'),
  version: z.literal(1, 'must be 1: the study was written by another version of Isoflop'),
  name,
  corpus: z.strictObject({
    id,
    name,
    documents: count(0, Number.MAX_SAFE_INTEGER),
    bytes: count(0, Number.MAX_SAFE_INTEGER),
  }),
  tokenizer,
  recipe,
  ladder,
})
/** The schema and the type say the same, or this does not compile. */
void (studyDocument satisfies z.ZodType<StudyDocument>)

const settingsChanges = z.strictObject({
  engine: z.enum([...engineNames, 'auto']).optional(),
  threads: count(0, 1024).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  lastStudyId: id.nullable().optional(),
  onCloseWhileTraining: z.enum(['ask', 'keep', 'pause']).optional(),
})

const generateOptions = z.strictObject({
  prompt: z.string().max(100_000),
  tokens: count(0, 100_000),
  temperature: z.number().min(0).max(100),
  topK: count(0, 1e6),
  topP: z.number().gt(0).max(1),
  seed: count(0, 0xffff_ffff),
})

const checkChoices = z.strictObject({
  widths: z.array(count(4, 4096)).min(2, 'must name at least two').max(16).optional(),
  layers: count(1, 64).optional(),
  steps: count(1, 100_000).optional(),
  learningRates: z.array(z.number().positive().max(100)).min(1, 'must name at least one').max(32).optional(),
})

const step = count(0, Number.MAX_SAFE_INTEGER)

const modelOrigin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), path }),
  z.strictObject({ kind: z.literal('files'), paths: z.array(path).min(1, 'must name at least one file').max(1000) }),
  z.strictObject({
    kind: z.literal('hub'),
    repo: z.string().trim().min(1, 'must not be empty').max(300),
    revision: z.string().trim().min(1, 'must not be empty').max(200),
  }),
])

const runSubject = z.strictObject({ kind: z.literal('run'), runId: id, step: step.nullable() })
const modelSubject = z.strictObject({ kind: z.literal('model'), modelId: id })
const keptSubject = z.discriminatedUnion('kind', [runSubject, modelSubject])
const subject = z.discriminatedUnion('kind', [
  runSubject,
  modelSubject,
  z.strictObject({ kind: z.literal('folder'), path }),
])

const continueChoices = z.strictObject({
  tokens: count(1, 1e13),
  peakLearningRate: z.number().positive().max(10).nullable(),
  context: count(2, 65_536).nullable(),
})

const task = z.string().min(1).max(100)
const evaluatedTasks = z
  .array(task)
  .max(100)
  .refine((names) => new Set(names).size === names.length, 'must not name a task twice')
const evaluationOptions = z.strictObject({
  shots: count(0, 100),
  sampler: z.enum(shotSamplers),
  limit: count(1, 1e9).nullable(),
  split: z.enum(['validation', 'test']).nullable(),
})
const taskFileRole = z.enum(['items', 'shots'])

/** Every request's arguments, in order, by the names that a sentence calls them. */
const clusterChoice = z.strictObject({
  systems: count(1, mostSystems),
  systemWeightBytes: z.number().int().positive().optional(),
})
const clusterPart = z.union([z.enum(['store', 'fabric']), z.strictObject({ system: count(0, mostSystems - 1) })])
const exportForm = z.strictObject({
  format: z.enum(['hf', 'gguf']),
  dtype: z.enum(['f32', 'bf16', 'f16']),
  scales: z.enum(['folded', 'own']).optional(),
})

/** What is searched is read by the room itself; here only its outline. */
const planSearchWish = z.strictObject({
  model: z.record(z.string(), z.unknown()),
  machine: z.record(z.string(), z.unknown()),
  request: z.strictObject({
    devices: z.array(count(1, 1e6)).min(1, 'must name at least one number of devices').max(64),
    batch: count(1, 1e7),
    memoryBytes: z.number().positive().optional(),
    stepSeconds: z.number().positive().optional(),
    keep: count(1, 100).optional(),
    base: z.record(z.string(), z.unknown()).optional(),
  }),
})

const requests: Record<keyof Lab, Record<string, z.ZodType>> = {
  about: {},
  listStudies: {},
  createStudy: { name },
  updateStudy: { studyId: id, changes: studyChanges },
  duplicateStudy: { studyId: id },
  deleteStudy: { studyId: id },
  restoreStudy: { studyId: id },
  studyDocument: { studyId: id },
  importStudy: { document: studyDocument },
  planStudy: { studyId: id },
  listCorpora: {},
  addCorpus: { paths: z.array(path).min(1, 'must name at least one file or folder').max(10_000), name },
  cancelCorpus: { corpusId: id },
  deleteCorpus: { corpusId: id },
  restoreCorpus: { corpusId: id },
  listTokenized: {},
  tokenizeCorpus: { corpusId: id, tokenizer },
  sampleCorpus: { corpusId: id, tokenizer, split: z.enum(['train', 'validation', 'test']), document: count(0, 1e12) },
  machine: {},
  measureMachine: {},
  settings: {},
  updateSettings: { changes: settingsChanges },
  listRuns: { studyId: id.nullable() },
  startRuns: {
    studyId: id,
    memberIds: z.array(id).min(1, 'must name at least one member').max(200),
    options: clusterChoice.optional(),
  },
  pauseRun: { runId: id },
  resumeRun: { runId: id },
  stopRun: { runId: id },
  deleteRun: { runId: id },
  restoreRun: { runId: id },
  readRecords: { runId: id, afterStep: step },
  killPart: { runId: id, part: clusterPart },
  listChecks: { studyId: id },
  startCheck: { studyId: id, kind: z.enum(checkKinds), choices: checkChoices },
  stopCheck: { checkId: id },
  clusterCatalogue: {},
  saveClusterMachine: { machine: z.record(z.string(), z.unknown()) },
  deleteClusterMachine: { machineId: id },
  searchPlans: { wish: planSearchWish },
  stopPlanSearch: { searchId: id },
  clusterValidation: {},
  listCheckpoints: { studyId: id.nullable() },
  listModels: {},
  importModel: { origin: modelOrigin, name: name.nullable() },
  cancelModel: { modelId: id },
  deleteModel: { modelId: id },
  restoreModel: { modelId: id },
  continueModel: { studyId: id, modelId: id, choices: continueChoices },
  export: { subject, folder: path, overwrite: z.boolean(), form: exportForm.optional() },
  generate: { subject, options: generateOptions, generationId: id },
  stopGenerating: { generationId: id },
  describeWeights: { subject },
  readAttention: { subject, text: z.string().max(100_000), layer: count(0, 1000) },
  compareWeights: { a: subject, b: subject },
  listTasks: {},
  addTaskFile: { task, role: taskFileRole, path },
  removeTaskFile: { task, role: taskFileRole },
  fetchTask: { task },
  stopFetchingTask: { task },
  listEvaluations: { studyId: id },
  startEvaluations: {
    studyId: id,
    subjects: z.array(keptSubject).min(1, 'must name at least one model').max(1000),
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
}

/** The arguments of a request as they may be used, or a Fault that names the field that cannot. */
export function checkArguments<K extends keyof Lab>(request: K, values: readonly unknown[]): Parameters<Lab[K]> {
  const fields = Object.entries(requests[request])
  if (values.length > fields.length)
    throw new Fault('bad-input', `${request} takes ${fields.length} arguments and got ${values.length}.`)
  return fields.map(([field, schema], i) => {
    const result = schema.safeParse(values[i])
    if (result.success) return result.data
    const issue = result.error.issues[0]
    const where = [field, ...issue.path].map(String).join('.')
    throw new Fault('bad-input', `${where}: ${issueWords(issue, values[i])}.`)
  }) as Parameters<Lab[K]>
}
