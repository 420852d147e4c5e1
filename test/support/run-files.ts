// A run as a file, with the tokens it needs: a small text, a small model, and nothing else.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { planMember } from '#shared/family/plan.ts'
import { studyPartsOf } from '#shared/family/presets.ts'
import type { RunPlan } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { ingestCorpus } from '#main/core/corpus/ingest.ts'
import { tokenizeCorpus } from '#main/core/tokenizer/tokenize-corpus.ts'
import type { RunFile } from '#main/core/training/run-file.ts'
import { makeRunPlan } from '#main/lab/runs/make-run.ts'
import { smallText } from './small-text.ts'

const tokenizer = { kind: 'bytes' } as const

interface RunShape {
  steps?: number
  checkpointEverySteps?: number
  /** What one of the runs has otherwise. */
  edit?: (plan: RunPlan) => RunPlan
}

/** Below `folder`: text.txt, tokens/ and a run.json in each of `runs`, all of the same training unless edited. */
export async function makeRunFiles(
  folder: string,
  runs: readonly string[],
  { steps = 60, checkpointEverySteps = 20, edit = (plan) => plan }: RunShape = {},
): Promise<void> {
  const { signal } = new AbortController()
  writeFileSync(join(folder, 'text.txt'), smallText(200_000))
  const corpusFolder = join(folder, 'corpus')
  const ingest = { corpusId: 'c', name: 'Text', folder: corpusFolder, paths: [join(folder, 'text.txt')] }
  for await (const _ of ingestCorpus(ingest, signal));
  for await (const _ of tokenizeCorpus({ corpusFolder, tokensFolder: join(folder, 'tokens'), tokenizer }, signal));
  const parts = studyPartsOf('starter')
  const recipe = { ...parts.recipe, context: 32, batchTokens: 256 }
  const study: Study = {
    ...{ id: 's', name: 'Files', corpusId: 'c', tokenizer, recipe, ladder: parts.ladder },
    ...{ isArchived: false, createdMs: 0, updatedMs: 0 },
  }
  const member = planMember(
    { id: 'm', name: 'm', layers: 2, width: 32, heads: 2, tokensPerParameter: 4, isEnabled: true },
    { recipe, vocabulary: vocabularyOf(tokenizer) },
    null,
    null,
  )
  for (const run of runs) {
    const plan = edit({ ...makeRunPlan(study, { ...member, steps }, run, 'native', 1), checkpointEverySteps })
    const file: RunFile = { format: 'isoflop-run', version: 1, plan, tokensFolder: '../tokens' }
    mkdirSync(join(folder, run), { recursive: true })
    writeFileSync(join(folder, run, 'run.json'), JSON.stringify(file))
  }
}
