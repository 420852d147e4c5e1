// A study as a file that repeats it to the same bits: what is written into it, and what came of it elsewhere.
import { createHash } from 'node:crypto'
import type { EngineName, Machine } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { canResume, type RunPlan, type RunSummary } from '#shared/run.ts'
import type { Corpus } from '#shared/corpus.ts'
import type { Study, StudyDocument } from '#shared/study.ts'
import {
  canRepeat,
  type LockCheck,
  type LockedRun,
  type LockStanding,
  type RepeatReport,
  type StudyLock,
} from '#shared/study-lock.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { asSentence } from '#shared/printable.ts'
import { makeRunPlan, settingOf } from './make-run.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { Runs } from './runs.ts'
import type { Studies } from '#main/lab/studies/studies.ts'

export interface StudyLocksDeps {
  version: string
  studies: Pick<Studies, 'read' | 'document' | 'planWith'>
  store: Pick<RunStore, 'list' | 'read' | 'records'>
  runs: Pick<Runs, 'startPlanned' | 'resume'>
  corpora: () => Corpus[]
  /** SHA-256 of the tokenizer's file; null until the text is tokenized. */
  tokenizerHash: (corpusId: string, tokenizer: TokenizerChoice) => string | null
  probes: () => Machine['probes']
  newId: () => string
}

export interface StudyLocks {
  /** Throws `conflict` where no finished run is what the study would train now. */
  document(studyId: string): StudyDocument
  /** The same with one run alone; null where another training of its study would not repeat it. */
  documentOf(run: StoredRun): StudyDocument | null
  report(studyId: string): RepeatReport
  repeat(studyId: string): RunSummary[]
}

export function createStudyLocks(deps: StudyLocksDeps): StudyLocks {
  const { studies, store, version } = deps

  const planned = (study: Study, recipe: Recipe): Map<string, MemberPlan> =>
    new Map(studies.planWith(study, recipe).map((member) => [member.memberId, member]))

  /** Finished trainings that the study as it is now would do again: the newest of each member and seed. */
  const repeatable = (study: Study, among: StoredRun[]): StoredRun[] => {
    const members = planned(study, study.recipe)
    const newest = new Map<string, StoredRun>()
    for (const run of among) {
      const { plan, summary } = run
      const member = members.get(plan.memberId)
      if (summary.state !== 'finished' || plan.origin || plan.systems !== undefined || !member) continue
      const again = makeRunPlan(study, member, plan.runId, plan.engine, plan.threads)
      if (settingOf(again) === settingOf(plan)) newest.set(`${plan.memberId} ${plan.seed}`, run)
    }
    return [...newest.values()]
  }

  const lockOf = (study: Study, among: StoredRun[]): StudyLock | null => {
    const corpus = deps.corpora().find(({ id }) => id === study.corpusId)
    const tokenizer = corpus ? deps.tokenizerHash(study.corpusId, study.tokenizer) : null
    const runs = repeatable(study, among)
    if (!corpus?.content || !tokenizer || runs.length === 0) return null
    return { version, text: corpus.content, tokenizer, runs: runs.map((run) => lockedRun(store, run)) }
  }

  const runOf = (studyId: string, { memberId, seed, engine, threads }: LockedRun): StoredRun | null => {
    const found = store.list(studyId).filter((run) => run.memberId === memberId && run.seed === seed)
    for (const { id } of found.reverse()) {
      const run = store.read(id)
      if (run.plan.engine === engine && run.plan.threads === threads) return run
    }
    return null
  }

  const report = (studyId: string): RepeatReport => {
    const study = studies.read(studyId)
    const lock = lockIn(study)
    const corpus = deps.corpora().find(({ id }) => id === study.corpusId)
    const hash = corpus ? deps.tokenizerHash(study.corpusId, study.tokenizer) : null
    return {
      checks: [
        textCheck(lock, corpus),
        tokenizerCheck(lock, hash),
        versionCheck(lock, version),
        ...engineChecks(lock, deps.probes()),
      ],
      runs: lock.runs.map((locked) => {
        const run = runOf(studyId, locked)
        const isOver = run?.summary.state === 'finished'
        return {
          locked,
          runId: run?.summary.id ?? null,
          isSame: isOver ? lossesOf(store, run).losses === locked.losses : null,
          loss: isOver ? run.summary.loss : null,
          validationLoss: isOver ? run.summary.validationLoss : null,
        }
      }),
    }
  }

  return {
    document: (studyId) => {
      const study = studies.read(studyId)
      const lock = lockOf(
        study,
        store.list(studyId).map(({ id }) => store.read(id)),
      )
      if (!lock)
        throw new Fault(
          'conflict',
          'No finished run of this study is what it would train now, on a text that is here. Train its members first.',
        )
      return { ...studies.document(studyId), lock }
    },
    documentOf: (run) => {
      try {
        const { studyId } = run.plan
        const lock = lockOf({ ...studies.read(studyId), recipe: run.plan.recipe }, [run])
        return lock && { ...studies.document(studyId), recipe: run.plan.recipe, lock }
      } catch (error) {
        if (error instanceof Fault && error.code === 'not-found') return null // the study was deleted, the weights stay
        throw error
      }
    },
    report,
    repeat: (studyId) => {
      const study = studies.read(studyId)
      const now = report(studyId)
      const missing = now.checks.find(({ standing }) => standing === 'missing')
      if (!canRepeat(now) && missing) throw new Fault('conflict', missing.text)
      const started: RunSummary[] = []
      const plans: RunPlan[] = []
      for (const { locked, runId } of now.runs) {
        const known = runId === null ? null : store.read(runId).summary
        if (known && (known.state === 'finished' || isUnderWay(known))) continue
        if (known && canResume(known)) started.push(deps.runs.resume(known.id))
        else plans.push(planAgain(study, locked))
      }
      return [...started, ...(plans.length > 0 ? deps.runs.startPlanned(plans) : [])]
    },
  }

  function planAgain(study: Study, locked: LockedRun): RunPlan {
    const recipe = { ...study.recipe, seed: locked.seed }
    const member = planned(study, recipe).get(locked.memberId)
    if (!member)
      throw new Fault('conflict', `${locked.name} is not a member of this study any more. Read its file again.`)
    if (member.refusal) throw new Fault('too-large', `${member.name} cannot be trained: ${member.refusal}`)
    const { microBatchSequences, engine, threads } = locked
    return makeRunPlan({ ...study, recipe }, { ...member, microBatchSequences }, deps.newId(), engine, threads)
  }
}

function lockIn({ name, lock }: Study): StudyLock {
  if (!lock)
    throw new Fault(
      'conflict',
      `${name} did not come as a locked file, so there is nothing to repeat. \`isoflop studies write --locked\` writes one.`,
    )
  return lock
}

const lockedRun = (store: StudyLocksDeps['store'], run: StoredRun): LockedRun => {
  const { plan, summary } = run
  return {
    memberId: plan.memberId,
    name: plan.name,
    seed: plan.seed,
    engine: plan.engine as EngineName,
    threads: plan.threads,
    microBatchSequences: plan.member.microBatchSequences,
    steps: plan.member.steps,
    device: summary.device,
    ...lossesOf(store, run),
  }
}

/** Every loss of a finished run as one hash, and the last ones. */
function lossesOf(
  store: StudyLocksDeps['store'],
  { summary }: StoredRun,
): Pick<LockedRun, 'losses' | 'loss' | 'validationLoss'> {
  const hash = createHash('sha256')
  const add = (loss: number): void => void hash.update(new Uint8Array(bytesOf(loss)))
  let after = 0
  let last = NaN
  for (;;) {
    const { steps } = store.records(summary.id, after)
    if (steps.length === 0) break
    for (const { loss } of steps) add(loss)
    last = steps[steps.length - 1].loss
    after = steps[steps.length - 1].step
  }
  if (summary.validationLoss !== null) add(summary.validationLoss)
  return { losses: hash.digest('hex'), loss: last, validationLoss: summary.validationLoss }
}

function bytesOf(value: number): ArrayBuffer {
  const bytes = new ArrayBuffer(8)
  new DataView(bytes).setFloat64(0, value, true)
  return bytes
}

const check = (what: LockCheck['what'], standing: LockStanding, text: string): LockCheck => ({ what, standing, text })

function textCheck(lock: StudyLock, corpus: Corpus | undefined): LockCheck {
  if (!corpus) return check('text', 'missing', 'Its text is not here: add it, and choose it as the study’s text.')
  if (corpus.state !== 'finished') return check('text', 'unknown', `${corpus.name} is being read.`)
  return corpus.content === lock.text
    ? check('text', 'same', `${corpus.name}: the same documents.`)
    : check(
        'text',
        'missing',
        `${corpus.name} holds other documents than the study was trained on. Choose the same text.`,
      )
}

function tokenizerCheck(lock: StudyLock, hash: string | null): LockCheck {
  if (hash === null) return check('tokenizer', 'unknown', 'The text is tokenized when training starts.')
  return hash === lock.tokenizer
    ? check('tokenizer', 'same', 'The same tokenizer.')
    : check('tokenizer', 'differs', 'The tokenizer made from this text is another one, so the losses will differ.')
}

const versionCheck = (lock: StudyLock, version: string): LockCheck =>
  lock.version === version
    ? check('version', 'same', `Isoflop ${version}, as there.`)
    : check(
        'version',
        'differs',
        `Isoflop ${version}; it was trained with ${lock.version}, so the last bits may differ.`,
      )

function engineChecks(lock: StudyLock, probes: Machine['probes']): LockCheck[] {
  const devices = new Map(lock.runs.map(({ engine, device }) => [engine, device]))
  return [...devices].map(([engine, device]) => {
    const probe = probes.find(({ name }) => name === engine)
    const there = device ? `, there on ${device}` : ''
    if (engine === 'reference' || probe?.isAvailable)
      return check('engine', 'same', `Engine ${engine} runs here${there}.`)
    return probe
      ? check(
          'engine',
          'missing',
          `It was trained by the engine ${engine}${there}, which does not run here: ${asSentence(probe.description)}`,
        )
      : check('engine', 'unknown', `Engine ${engine}${there}: this computer has not been measured yet.`)
  })
}
