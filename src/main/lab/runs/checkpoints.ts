// A run's checkpoints: listed, described, and found for whoever opens one.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { Corpus } from '#shared/corpus.ts'
import { lawLossOf } from '#shared/run.ts'
import type { StudyDocument } from '#shared/study.ts'
import type { EngineName } from '#shared/engine.ts'
import type { CheckpointRow } from '#shared/model.ts'
import { checkpointFolder, listCheckpoints } from '#main/core/model-formats/checkpoint.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { ExportCard } from '#main/core/model-formats/card.ts'

type RunSource = Extract<CheckpointSource, { kind: 'run' }>

export interface CheckpointUse {
  /** What a README says of a run's checkpoint. */
  card(runId: string, step: number | null): ExportCard
  list(studyId: string | null): Promise<CheckpointRow[]>
  /** A run's checkpoint as any reader of models opens it, with the engine it was trained on. */
  source(runId: string, step: number | null): { source: RunSource; engine: EngineName; threads: number }
}

export interface CheckpointUseDeps {
  store: Pick<RunStore, 'read' | 'list' | 'stepAt' | 'lastValidation'>
  version: string
  folderOf: (runId: string) => string
  tokensFolderOf: (run: StoredRun) => string
  corpusOf: (run: StoredRun) => Corpus | null
  /** The study file that repeats the run to the same bits, where one does. */
  repeatingFile: (run: StoredRun) => StudyDocument | null
}

export function createCheckpointUse(deps: CheckpointUseDeps): CheckpointUse {
  const { store } = deps

  const choose = (run: StoredRun, step: number | null): number => {
    const { checkpoints, name } = run.summary
    if (checkpoints.length === 0) throw new Fault('not-found', `${name} has no checkpoint yet.`)
    const chosen = step ?? checkpoints[checkpoints.length - 1]
    if (!checkpoints.includes(chosen))
      throw new Fault(
        'not-found',
        `step: ${name} has no checkpoint at step ${chosen}; there are ${checkpoints.join(', ')}.`,
      )
    return chosen
  }
  const sourceOf = (run: StoredRun, step: number): RunSource => ({
    kind: 'run',
    model: run.plan.model,
    checkpointFolder: checkpointFolder(join(deps.folderOf(run.summary.id), 'checkpoints'), step),
    tokensFolder: deps.tokensFolderOf(run),
  })

  const wholeAt = (id: string, step: number) => {
    const validation = store.lastValidation(id, step)
    return validation?.step === step && validation.whole ? { whole: validation.whole } : {}
  }
  const lossAt = (id: string, step: number): number | null => {
    const validation = store.lastValidation(id, step)
    return validation && lawLossOf(validation)
  }

  return {
    card: (runId, wanted) => {
      const run = store.read(runId)
      const step = choose(run, wanted)
      const at = store.stepAt(runId, step)
      const corpus = deps.corpusOf(run)
      return {
        version: deps.version,
        ...(step === run.plan.member.steps ? { study: deps.repeatingFile(run) } : {}),
        plan: run.plan,
        step,
        loss: at?.loss ?? null,
        validationLoss: lossAt(runId, step),
        ...wholeAt(runId, step),
        elapsedMs: at?.elapsedMs ?? run.summary.elapsedMs,
        device: run.summary.device,
        corpus: corpus && {
          name: corpus.name,
          source: corpus.origin === 'bundled' ? corpus.source : null,
          licence: corpus.licence,
        },
      }
    },
    list: async (studyId) => {
      const rows: CheckpointRow[] = []
      for (const { id, memberId, name, checkpoints, tokens, loss } of store.list(studyId)) {
        if (checkpoints.length === 0) continue
        const bytes = new Map(
          (await listCheckpoints(join(deps.folderOf(id), 'checkpoints'))).map((info) => [info.step, info.bytes]),
        )
        const { model, recipe, member, tokenizer, corpusId, origin = null } = store.read(id).plan
        const made = {
          recipe,
          steps: member.steps,
          batchSequences: member.batchSequences,
          peakLearningRate: member.peakLearningRate,
          tokenizer,
          corpusId,
          parameters: member.parameters,
          origin,
        }
        for (const step of checkpoints) {
          const at = store.stepAt(id, step)
          rows.push({
            runId: id,
            memberId,
            name,
            step,
            tokens: at?.tokens ?? tokens,
            loss: at?.loss ?? loss,
            validationLoss: lossAt(id, step),
            bytes: bytes.get(step) ?? 0,
            isLast: step === checkpoints[checkpoints.length - 1],
            model,
            made,
          })
        }
      }
      return rows
    },
    source: (runId, wanted) => {
      const run = store.read(runId)
      return { source: sourceOf(run, choose(run, wanted)), engine: run.plan.engine, threads: run.plan.threads }
    },
  }
}
