// What a study, its document, its checks and the settings may be when they come in through a door.
import { z } from 'zod'
import { highestLearningRate, mostBatchTokens, mostSeeds, mostSweepValues } from '#shared/bounds.ts'
import { engineNames, precisions } from '#shared/engine.ts'
import { parsePowerRule } from '#shared/family/power-rule.ts'
import { type SweepField, sweepFields } from '#shared/sweep/fields.ts'
import { bpeVocabularyRange } from '#shared/tokenizer/choice.ts'
import { count, id, name, share } from './common-schemas.ts'
import { describeIssue } from './validation-messages.ts'

export const tokenizer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bytes') }),
  z.strictObject({
    kind: z.literal('bpe'),
    vocabulary: count(bpeVocabularyRange.smallest, bpeVocabularyRange.largest),
  }),
  z.strictObject({ kind: z.literal('gpt2') }),
])

const decay = z.enum(['linear', 'cosine', 'wsd', 'wsd-s', 'constant'])

const powerRule = z
  .string()
  .max(100)
  .refine((text) => parsePowerRule(text) !== null, 'must be a law such as 1.79 N^-0.713 D^0.307')

export const recipe = z.strictObject({
  tokensPerParameter: z.number().min(0.01).max(10_000),
  countedParameters: z.enum(['all', 'without-embeddings', 'blocks-and-head']),
  flopsConvention: z.enum(['cerebras', 'hoffmann', 'sixNd', 'palm']),
  activation: z.enum(['gelu', 'gelu_new']),
  parametrisation: z.enum(['standard', 'mup']),
  mupBaseWidth: count(1, 65_536),
  mupEmbeddingScale: z.number().positive().max(1e4).optional(),
  mupOutputScale: z.number().positive().max(1e4).optional(),
  context: count(2, 65_536),
  batchTokens: count(1, mostBatchTokens).nullable(),
  peakLearningRate: z.number().positive().max(highestLearningRate).nullable(),
  batchTokensLaw: powerRule.optional(),
  peakLearningRateLaw: powerRule.optional(),
  warmupFraction: share,
  decay,
  finalFraction: share,
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive().max(1),
  weightDecay: z.number().min(0).max(10),
  clipNorm: z.number().positive().max(1e6),
  initStd: z.number().positive().max(10).nullable(),
  seed: count(0, 0xffff_ffff),
  precision: z.enum(precisions).optional(),
})

/** What of a recipe cannot be, such as `peakLearningRate must be at most 10; it is 50`; null where all of it can. */
export function recipeProblem(given: unknown): string | null {
  const issue = recipe.safeParse(given).error?.issues[0]
  return issue ? `${issue.path.join('.')} ${describeIssue(issue, given)}` : null
}

/** Of *Try a change*: one field, for two that differ in more cannot say which of them it was. */
export const recipeChange = recipe
  .omit({ seed: true })
  .partial()
  .refine((change) => Object.keys(change).length === 1, 'must change exactly one field of the recipe')

export const trialChoices = z.strictObject({ seeds: count(1, mostSeeds), isSwept: z.boolean() })

export const sweepChoices = z.strictObject({
  field: z.enum(sweepFields as [SweepField, ...SweepField[]]),
  values: z
    .array(z.union([z.number(), z.string().min(1).max(40)]))
    .min(2, 'must name at least two')
    .max(mostSweepValues)
    .transform((values) => [...new Set(values)]),
  isRelative: z.boolean(),
  memberIds: z.array(id).min(1, 'must name at least one member').max(200),
  seeds: count(1, mostSeeds),
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
    isNamed: z.boolean().optional(),
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

export const ladder = z.strictObject({
  dial,
  members: z
    .array(member)
    .max(200)
    .refine((members) => new Set(members.map((one) => one.id)).size === members.length, 'must not have an id twice'),
})

export const studyChanges = z.strictObject({
  name: name.optional(),
  corpusId: id.optional(),
  tokenizer: tokenizer.optional(),
  recipe: recipe.optional(),
  ladder: ladder.optional(),
  isArchived: z.boolean().optional(),
})

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 hexadecimal digits')
const nats = z.number().min(0).max(1e6)

const lock = z.strictObject({
  version: z.string().min(1).max(100),
  text: sha256,
  tokenizer: sha256,
  runs: z
    .array(
      z.strictObject({
        memberId: id,
        name,
        seed: count(0, 0xffff_ffff),
        engine: z.enum(engineNames),
        threads: count(0, 1024),
        microBatchSequences: count(1, 1e6),
        steps: count(1, 1e9),
        device: z.string().max(500).nullable(),
        losses: sha256,
        loss: nats,
        validationLoss: nats.nullable(),
      }),
    )
    .min(1, 'must hold at least one run')
    .max(5000),
})

export const studyDocument = z.strictObject({
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
  lock: lock.optional(),
})

export const settingsChanges = z.strictObject({
  engine: z.enum([...engineNames, 'auto']).optional(),
  threads: count(0, 1024).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  lastStudyId: id.nullable().optional(),
  onCloseWhileTraining: z.enum(['ask', 'keep', 'pause']).optional(),
  keepDeletedDays: count(1, 3650).optional(),
  keepDeletedBytes: count(0, 1e18).optional(),
})

export const checkChoices = z.strictObject({
  widths: z.array(count(4, 4096)).min(2, 'must name at least two').max(16).optional(),
  layers: count(1, 64).optional(),
  steps: count(1, 100_000).optional(),
  learningRates: z.array(z.number().positive().max(100)).min(1, 'must name at least one').max(32).optional(),
  seeds: count(1, mostSeeds).optional(),
})
