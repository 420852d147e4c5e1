// What a study brings to a comparison, gathered from its runs, its text and its tokens.
import type { StudyEvidence } from '#shared/comparison/evidence.ts'
import { evidenceOf } from '#shared/comparison/evidence.ts'
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
    const corpus = corpora().find(({ id }) => id === study.corpusId)
    const tokens = corpus ? tokenized(study.corpusId, study.tokenizer) : null
    return evidenceOf({
      study,
      corpus: { id: study.corpusId, name: corpus?.name ?? study.corpusId, content: corpus?.content ?? null },
      bytesPerToken: tokens?.state === 'finished' && tokens.bytesPerToken > 0 ? tokens.bytesPerToken : null,
      runs,
      plans: plans(runs.map(({ id }) => id)),
      cooldownLoss,
    })
  }
}
