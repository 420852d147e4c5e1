// A run as a file: all that its training needs, for a computer that has no lab, and the lines that it writes there.
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { engineNames } from '#shared/engine.ts'
import { Fault, type FaultData } from '#shared/fault.ts'
import type { RunPlan } from '#shared/run.ts'
import { readJson } from '#main/platform/disk/files.ts'
import type { RunRecord } from './records.ts'
import type { TrainJob } from './train-job.ts'

export interface RunFile {
  format: 'isoflop-run'
  version: 1
  plan: RunPlan
  /** From the folder of the file, so that the whole can be carried elsewhere. */
  tokensFolder: string
  /** Of the model that the run begins from. */
  startsFrom?: string
}

/** A line of `records.jsonl`, beside the file of the run. */
export type RunLine =
  | RunRecord
  /** It stopped, having saved: at its end, or because it was asked to. */
  | { kind: 'ended'; isFinished: boolean; step: number }
  | { kind: 'failed'; fault: FaultData }

export const recordsName = 'records.jsonl'

/** What is looked at before a training begins; the rest of the plan is the lab's own word. */
const schema = z.looseObject({
  format: z.literal('isoflop-run'),
  version: z.number(),
  plan: z.looseObject({
    runId: z.string().min(1),
    name: z.string(),
    engine: z.enum(engineNames),
    threads: z.number().int().min(0),
    recipe: z.looseObject({}),
    model: z.looseObject({ shape: z.looseObject({}) }),
    member: z.looseObject({ steps: z.number().int().min(1), batchSequences: z.number().int().min(1) }),
  }),
  tokensFolder: z.string().min(1),
  startsFrom: z.string().min(1).optional(),
})

/** The training that the file at `path` describes, but for what is recorded of it. A Fault where it describes none. */
export async function readRunFile(path: string): Promise<Omit<TrainJob, 'lastRecordedStep'>> {
  const found = schema.safeParse(await readJson(path))
  if (!found.success)
    throw new Fault(
      'bad-input',
      `${path} is not the file of a run (${found.error.issues[0].path.join('.') || 'it is no object'}). \`isoflop submit-files\` writes such files.`,
    )
  if (found.data.version !== 1)
    throw new Fault(
      'unavailable',
      `${path} was written by a newer version (format ${found.data.version}). Use that one here as well.`,
    )
  const { plan, tokensFolder, startsFrom } = found.data as unknown as RunFile
  const folder = dirname(resolve(path))
  return {
    kind: 'train',
    plan,
    runFolder: folder,
    tokensFolder: resolve(folder, tokensFolder),
    ...(startsFrom === undefined ? {} : { startsFrom: resolve(folder, startsFrom) }),
  }
}
