// What may be asked of weights when it comes in through a door: models, subjects, evaluations, exports and clusters.
import { z } from 'zod'
import { mostSeeds } from '#shared/bounds.ts'
import { mostSystems } from '#shared/cluster/live.ts'
import { engineNames, precisions } from '#shared/engine.ts'
import { shotSamplers } from '#shared/evaluation/evaluation.ts'
import { candidatesShown } from '#shared/inspection.ts'
import { count, id, path, step, name } from './common-schemas.ts'
import { torchChoice } from './places/schema.ts'

export const generateOptions = z.strictObject({
  prompt: z.string().max(100_000),
  tokens: count(0, 100_000),
  temperature: z.number().min(0).max(100),
  topK: count(0, 1e6),
  topP: z.number().gt(0).max(1),
  seed: count(0, 0xffff_ffff),
  precision: z.enum(precisions).optional(),
  candidates: count(0, candidatesShown).optional(),
})

export const modelOrigin = z.discriminatedUnion('kind', [
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

export const subject = z.discriminatedUnion('kind', [
  runSubject,
  modelSubject,
  z.strictObject({ kind: z.literal('folder'), path }),
])

export const continueChoices = z.strictObject({
  tokens: count(1, 1e13),
  peakLearningRate: z.number().positive().max(10).nullable(),
  context: count(2, 65_536).nullable(),
})

export const task = z.string().min(1).max(100)

export const evaluatedTasks = z
  .array(task)
  .max(100)
  .refine((names) => new Set(names).size === names.length, 'must not name a task twice')

export const evaluationOptions = z.strictObject({
  shots: count(0, 100),
  sampler: z.enum(shotSamplers),
  limit: count(1, 1e9).nullable(),
  split: z.enum(['validation', 'test']).nullable(),
  files: z.strictObject({ items: path.nullable(), shots: path.nullable() }).optional(),
  seed: count(0, 0xffff_ffff).optional(),
  engine: z.enum([...engineNames, 'auto']).optional(),
  threads: count(0, 1024).optional(),
  precision: z.enum(precisions).optional(),
})

export const taskFileRole = z.enum(['items', 'shots'])

export const placeChoice = z.strictObject({
  on: name,
  atOnce: count(1, 1000).optional(),
  seeds: count(1, mostSeeds).optional(),
  torch: torchChoice.optional(),
})

export const startChoices = z
  .strictObject({
    systems: count(1, mostSystems).optional(),
    systemWeightBytes: z.number().int().positive().optional(),
    seeds: count(1, mostSeeds).optional(),
    on: name.optional(),
    atOnce: count(1, 1000).optional(),
    torch: torchChoice.optional(),
  })
  .refine(({ on, systems, atOnce, torch }) => (on === undefined ? !atOnce && !torch : systems === undefined), {
    path: ['on'],
    message: 'names a real cluster: it does not go with systems, and atOnce and torch go with it',
  })
  .refine(({ systems, systemWeightBytes }) => systemWeightBytes === undefined || systems !== undefined, {
    path: ['systemWeightBytes'],
    message: 'goes with systems',
  })

export const clusterPart = z.union([z.enum(['store', 'fabric']), z.strictObject({ system: count(0, mostSystems - 1) })])

export const exportForm = z.strictObject({
  format: z.enum(['hf', 'gguf']),
  dtype: z.enum(['f32', 'bf16', 'f16']),
  scales: z.enum(['folded', 'own']).optional(),
})

export const planSearchChoices = z.strictObject({
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
