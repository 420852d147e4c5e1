// What a person asks for becomes runs: members of a study, or a model's weights that go on on a study's text.
import type { TrialStep } from '#shared/comparison/trial.ts'
import type { EngineName, Machine } from '#shared/engine.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { Fault } from '#shared/fault.ts'
import type { ContinueChoices } from '#shared/model.ts'
import { predictTorch } from '#shared/cluster/torch-run.ts'
import type { PlaceChoice, SlurmCluster, TorchChoice, TorchRun } from '#shared/place.ts'
import type { RunPlan, RunSummary, StartChoices } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { Corpora } from '#main/lab/corpora/corpora.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { Models } from '#main/lab/models/models.ts'
import type { Studies } from '#main/lab/studies/studies.ts'
import { intervalsFor } from '#main/core/training/intervals.ts'
import { planContinued } from './continue-model.ts'
import type { Runs } from './runs.ts'

export interface StartRunsDeps {
  studies: Pick<Studies, 'read' | 'plan' | 'planWith'>
  corpora: Pick<Corpora, 'read'>
  tokenized: Pick<TokenizedCorpora, 'find'>
  models: Pick<Models, 'ready'>
  runs: Pick<Runs, 'underWay' | 'start' | 'startPlanned' | 'plan'>
  machine: () => Pick<Machine, 'memoryBytes' | 'calibration'>
  newId: () => string
  /** For a training of so many FLOPs. */
  chooseEngine: (flops: number) => Promise<{ engine: EngineName; threads: number }>
  cluster: (name: string) => Promise<SlurmCluster>
}

/** What a cluster gives a run: as much memory as was asked for, else as much as it takes; this computer's speed. */
function machineOf({ memory }: SlurmCluster, here: Pick<Machine, 'memoryBytes' | 'calibration'>) {
  const match = /^(\d+)([KMGT]?)B?$/i.exec(memory ?? '')
  const bytes = match ? Number(match[1]) * 1024 ** ' KMGT'.indexOf(match[2].toUpperCase() || 'M') : null
  return { ...here, memoryBytes: bytes ?? Math.max(here.memoryBytes, enoughBytes) }
}
const enoughBytes = 2 ** 40

/** Several processes of PyTorch train it, as long as the cost model says; its records say so, too. */
function withTorch(plan: RunPlan, choice: TorchChoice | undefined, card: string | null): RunPlan {
  if (!choice) return plan
  const { seconds } = predictTorch(plan, choice, card)
  const { processes, perNode, device } = choice
  const torch: TorchRun = { processes, perNode: Math.min(perNode, processes), device, predictedSeconds: seconds }
  const every = intervalsFor(plan.member.steps, seconds)
  return {
    ...plan,
    torch,
    engine: device === 'cuda' ? 'cuda' : 'native',
    member: { ...plan.member, seconds },
    ...{
      validationEverySteps: every.validation,
      sampleEverySteps: every.sample,
      checkpointEverySteps: every.checkpoint,
    },
  }
}

const allFinished = (seeds = 1): Fault =>
  new Fault('conflict', `seeds: all ${seeds} have finished for every member. Ask for more.`)

const flopsOf = (plans: readonly MemberPlan[]): number => plans.reduce((sum, { flops }) => sum + flops.sixNd, 0)

export function createRunStarts(deps: StartRunsDeps) {
  const { studies, corpora, tokenized, models, runs, chooseEngine } = deps

  /** Throws where a corpus is neither read nor going to be. */
  const usable = (corpusId: string): void => {
    const { state, name, message } = corpora.read(corpusId)
    if (state === 'failed' || state === 'cancelled')
      throw new Fault('conflict', `${name} cannot be used: ${message ?? 'reading it was cancelled.'}`)
  }

  /** What would be started: throws where it cannot. */
  const chosenOn = async (studyId: string, memberIds: string[], on: SlurmCluster | null) => {
    const study = studies.read(studyId)
    const plans = on ? studies.plan(studyId, machineOf(on, deps.machine())) : studies.plan(studyId)
    const busy = new Map(runs.underWay(studyId).map((run) => [run.memberId, run]))
    const members = [...new Set(memberIds)].map((memberId) => {
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
    const { engine, threads } = on ? { engine: on.engine, threads: on.cpus } : await chooseEngine(flopsOf(members))
    return { study, members, engine, threads }
  }

  return {
    async members(studyId: string, memberIds: string[], choices: StartChoices = {}): Promise<RunSummary[]> {
      const on = choices.on === undefined ? null : await deps.cluster(choices.on)
      const { study, members, engine, threads } = await chosenOn(studyId, memberIds, on)
      const planned = runs.plan(study, members, engine, threads, choices)
      const plans = planned.map((plan) => withTorch(plan, choices.torch, on?.card ?? null))
      const { atOnce } = choices
      const place = on === null ? undefined : { on: on.name, ...(atOnce === undefined ? {} : { atOnce }) }
      const started = plans.length === 0 ? [] : runs.startPlanned(plans, place)
      if (started.length === 0) throw allFinished(choices.seeds)
      return started
    },
    /** The runs that a cluster would be given, smallest first; nothing is started. */
    async plansOn(
      studyId: string,
      memberIds: string[],
      cluster: SlurmCluster,
      { seeds, torch }: Pick<PlaceChoice, 'seeds' | 'torch'> = {},
    ): Promise<RunPlan[]> {
      const { study, members, engine, threads } = await chosenOn(studyId, memberIds, cluster)
      const plans = runs.plan(study, members, engine, threads, { seeds })
      if (plans.length === 0) throw allFinished(seeds)
      return plans.map((plan) => withTorch(plan, torch, cluster.card ?? null))
    },
    /** Members of the study under other recipes, one after the other in this order. */
    async trial(study: Study, steps: readonly TrialStep[]): Promise<RunSummary[]> {
      usable(study.corpusId)
      const planned = steps.map(({ recipe, memberIds }) => ({
        recipe,
        plans: studies.planWith(study, recipe).filter(({ memberId }) => memberIds.includes(memberId)),
      }))
      const { engine, threads } = await chooseEngine(flopsOf(planned.flatMap(({ plans }) => plans)))
      return planned.flatMap(({ recipe, plans }) => runs.start({ ...study, recipe }, plans, engine, threads))
    },
    async fromModel(studyId: string, modelId: string, choices: ContinueChoices): Promise<RunSummary> {
      const study = studies.read(studyId)
      const model = models.ready(modelId)
      usable(study.corpusId)
      const known = model.tokenizer && tokenized.find(study.corpusId, model.tokenizer)
      const splits = known?.state === 'finished' ? known.tokens : null
      const common = { study, model, choices, splits, machine: deps.machine(), runId: deps.newId() }
      const flops = 6 * (model.parameters ?? Infinity) * choices.tokens
      return runs.startPlanned([planContinued({ ...common, ...(await chooseEngine(flops)) })])[0]
    },
  }
}
