// What a person asks for becomes runs: members of a study, or a model's weights that go on on a study's text.
import type { EngineName, Machine } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { ContinueChoices } from '#shared/model.ts'
import type { RunSummary, StartChoices } from '#shared/run.ts'
import type { Corpora } from '#main/lab/corpora/corpora.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { Models } from '#main/lab/models/models.ts'
import type { Studies } from '#main/lab/studies/studies.ts'
import { planContinued } from './continue-model.ts'
import type { Runs } from './runs.ts'

export interface StartRunsDeps {
  studies: Pick<Studies, 'read' | 'plan'>
  corpora: Pick<Corpora, 'read'>
  tokenized: Pick<TokenizedCorpora, 'find'>
  models: Pick<Models, 'ready'>
  runs: Pick<Runs, 'underWay' | 'start' | 'startPlanned'>
  machine: () => Pick<Machine, 'memoryBytes' | 'calibration'>
  newId: () => string
  /** For a training of so many FLOPs. */
  chooseEngine: (flops?: number) => Promise<{ engine: EngineName; threads: number }>
}

export function createRunStarts(deps: StartRunsDeps) {
  const { studies, corpora, tokenized, models, runs, chooseEngine } = deps

  /** Throws where a corpus is neither read nor going to be. */
  const usable = (corpusId: string): void => {
    const { state, name, message } = corpora.read(corpusId)
    if (state === 'failed' || state === 'cancelled')
      throw new Fault('conflict', `${name} cannot be used: ${message ?? 'reading it was cancelled.'}`)
  }

  return {
    async members(studyId: string, memberIds: string[], choices: StartChoices = {}): Promise<RunSummary[]> {
      const study = studies.read(studyId)
      const plans = studies.plan(studyId)
      const busy = new Map(runs.underWay(studyId).map((run) => [run.memberId, run]))
      const chosen = [...new Set(memberIds)].map((memberId) => {
        const plan = plans.find((one) => one.memberId === memberId)
        if (!plan) throw new Fault('not-found', `memberIds: this study has no member ${memberId}.`)
        if (plan.refusal) throw new Fault('too-large', `${plan.name} cannot be trained: ${plan.refusal}`)
        if (busy.has(memberId))
          throw new Fault(
            'conflict',
            `${plan.name} has a run that is ${busy.get(memberId)!.state}. Resume or stop that one first.`,
          )
        return plan
      })
      usable(study.corpusId)
      const { engine, threads } = await chooseEngine(chosen.reduce((sum, { flops }) => sum + flops.sixNd, 0))
      const started = runs.start(study, chosen, engine, threads, choices)
      if (started.length === 0)
        throw new Fault('conflict', `seeds: all ${choices.seeds} have finished for every member. Ask for more.`)
      return started
    },
    async fromModel(studyId: string, modelId: string, choices: ContinueChoices): Promise<RunSummary> {
      const study = studies.read(studyId)
      const model = models.ready(modelId)
      usable(study.corpusId)
      const known = model.tokenizer && tokenized.find(study.corpusId, model.tokenizer)
      const splits = known?.state === 'finished' ? known.tokens : null
      const common = { study, model, choices, splits, machine: deps.machine(), runId: deps.newId() }
      return runs.startPlanned([planContinued({ ...common, ...(await chooseEngine()) })])[0]
    },
  }
}
