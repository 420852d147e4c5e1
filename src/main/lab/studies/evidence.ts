// What a study brings to a comparison, gathered from its runs, its text and its tokens.
import type { StudyEvidence } from '#shared/comparison/evidence.ts'
import { evidenceOf } from '#shared/comparison/evidence.ts'
import { bytesPerScoredToken } from '#shared/loss-unit.ts'
import { lawLossOf, type RunPlan, type RunRecords, type RunSummary } from '#shared/run.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { Study } from '#shared/study.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'

export interface EvidenceDeps {
  study: (studyId: string) => Study
  corpora: () => Corpus[]
  tokenized: (corpusId: string, tokenizer: TokenizerChoice) => TokenizedCorpus | null
  runs: (studyId: string) => RunSummary[]
  plans: (runIds: string[]) => RunPlan[]
  records: (runId: string, afterStep: number) => RunRecords
}

export function createEvidence({ study: read, corpora, tokenized, runs: runsOf, plans, records }: EvidenceDeps) {
  /** The validation at the middle cooldown, which has the recipe's tokens. */
  const cooldownLoss = ({ id, cooldowns = [] }: RunSummary): number | null => {
    const step = cooldowns[1]
    const found = step === undefined ? undefined : records(id, step - 1).validations.find((one) => one.step === step)
    return found ? lawLossOf(found) : null
  }

  return (studyId: string): StudyEvidence => {
    const study = read(studyId)
    const runs = runsOf(studyId)
    const here = new Map(corpora().map((corpus) => [corpus.id, corpus]))
    return evidenceOf({
      study,
      runs,
      plans: plans(runs.map(({ id }) => id)),
      cooldownLoss,
      textOf: ({ corpusId, tokenizer }) => {
        const corpus = here.get(corpusId)
        return {
          corpusId,
          name: corpus?.name ?? corpusId,
          content: corpus?.content ?? null,
          tokenizer,
          bytesPerToken: corpus ? bytesPerScoredToken(corpus, tokenized(corpusId, tokenizer)) : null,
        }
      },
    })
  }
}
