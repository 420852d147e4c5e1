// A study's report: what the rooms know of it is gathered here, and a worker writes it.
import type { Annotation } from '#shared/annotation.ts'
import type { StudyEvidence } from '#shared/comparison/evidence.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'
import { inNats, type LossFactor, lossFactorOf, type LossUnit } from '#shared/loss-unit.ts'
import type { RunPlan } from '#shared/run.ts'
import type { Evaluation, EvaluationTask } from '#shared/evaluation/evaluation.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import type { ReportedRun } from '#main/core/reports/data.ts'
import type { ReportJob } from '#main/core/reports/report-job.ts'
import type { RunStore } from '#main/lab/runs/run-store.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { Studies } from '#main/lab/studies/studies.ts'

export interface ReportDeps {
  version: string
  nowMs: () => number
  fork: ForkWorker
  closing: AbortSignal
  studies: Pick<Studies, 'read' | 'document'>
  runStore: Pick<RunStore, 'list' | 'read' | 'coarse' | 'lastSample'>
  evidence: (studyId: string) => StudyEvidence
  corpora: () => Corpus[]
  tokens: (corpusId: string, tokenizer: TokenizerChoice) => TokenizedCorpus | null
  annotations: () => Annotation[]
  evaluations: (studyId: string) => Evaluation[]
  tasks: () => EvaluationTask[]
  machine: { cpu: string; cores: number }
}

/** Points of a curve: more than a page is wide in millimetres, and a report stays small. */
const curvePoints = 300
/** Runs that a report draws and tells of; of more, the largest. */
const mostRuns = 300

/** `without`: members that the law leaves out. `unit`: of every loss in it. */
export const createReport =
  (deps: ReportDeps) =>
  async (studyId: string, without: readonly string[], unit: LossUnit = 'nats-per-token'): Promise<string> => {
    const study = deps.studies.read(studyId)
    const corpora = new Map(deps.corpora().map((one) => [one.id, one]))
    const corpus = corpora.get(study.corpusId) ?? null
    const runs: ReportedRun[] = []
    const factorOf = ({ corpusId, tokenizer, name }: RunPlan): LossFactor => {
      if (unit === 'nats-per-token') return inNats
      const read = corpora.get(corpusId)
      const factor = lossFactorOf(unit, read, read && deps.tokens(corpusId, tokenizer))
      if (factor) return factor
      throw new Fault(
        'bad-input',
        `The text that ${name} read is not tokenized here, so its bytes per token are not known. Tokenize it first.`,
      )
    }
    const listed = deps.runStore.list(studyId).sort((a, b) => a.parameters - b.parameters || a.createdMs - b.createdMs)
    for (const { id } of listed.slice(-mostRuns)) {
      const run = deps.runStore.read(id)
      runs.push({
        ...run,
        factor: factorOf(run.plan),
        curve: deps.runStore.coarse(id, curvePoints),
        sample: deps.runStore.lastSample(id),
      })
      await new Promise<void>((resolve) => setImmediate(resolve)) // a window is answered between two of them
    }
    const note = deps.annotations().find(({ kind, id }) => kind === 'study' && id === studyId)?.note ?? ''
    const job: ReportJob = {
      kind: 'report',
      data: {
        version: deps.version,
        nowMs: deps.nowMs(),
        unit,
        study,
        document: deps.studies.document(studyId),
        question: note,
        corpus,
        tokens: corpus && deps.tokens(corpus.id, study.tokenizer),
        runs,
        evaluations: deps.evaluations(studyId),
        taskTitles: Object.fromEntries(deps.tasks().map(({ name, title }) => [name, title])),
        points: deps.evidence(studyId).points.filter(({ memberId }) => !without.includes(memberId)),
        computer: `${deps.machine.cpu}, ${deps.machine.cores} cores`,
      },
    }
    return workToEnd<never, string>(deps.fork, job, { signal: deps.closing })
  }
