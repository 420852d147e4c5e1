// Every run, and the curve of each that someone looks at.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { halfEngines } from '#shared/engine.ts'
import { canResume, isTraining, type RunRecords, type RunSummary, type StartChoices } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { curveColumns, widestOf, type CurvePart, type CurveRow, type RunCurve } from '#shared/thinning.ts'
import { useBridge } from '../bridge.ts'
import {
  appendAt,
  appendColumns,
  appendSteps,
  createCurve,
  keepThin,
  lastStep,
  refine,
  type Curve,
} from '../curves/curve.ts'
import { useDeletedStore } from './deleted.ts'
import { useNoticesStore } from './notices.ts'
import { withOne } from './with-one.ts'

/** Whether a card's run can go on here without it: the processor's engine trains in the run's precision. */
export const canResumeOnCpu = (run: RunSummary): boolean =>
  (run.engine === 'gpu' || run.engine === 'cuda') &&
  canResume(run) &&
  (run.precision !== 'bf16' || halfEngines.includes('native'))

export const canStop = (run: RunSummary): boolean =>
  isUnderWay(run) || run.state === 'paused' || run.state === 'interrupted'

/** How far a run is, 0 to 1; null while that is not known yet. */
export const shareOf = (run: RunSummary): number | null =>
  run.state === 'running' && !isTraining(run) && !run.step ? null : run.step / Math.max(1, run.steps)

/** Curves read at once: a door answers only so many requests of one window at a time. */
const mostReadings = 8
/** Beside them, parts of curves that are looked at more closely. */
const mostParts = 4

export const useRunsStore = defineStore('runs', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const deleted = useDeletedStore()
  const runs = shallowRef<RunSummary[]>([])
  const curves = shallowRef(new Map<string, Curve>()) // shallow: thousands of points, none of them watched
  const isLoaded = ref(false)
  const fetching = new Map<string, Promise<void>>()
  /** Curves whose turn to be read comes. */
  const awaited: string[] = []

  const put = (run: RunSummary) => (runs.value = withOne(runs.value, run))
  const drop = (runId: string) => {
    runs.value = runs.value.filter((run) => run.id !== runId)
    curves.value.delete(runId)
    triggerRef(curves)
  }
  bridge.listen('run', put)
  bridge.listen('runDeleted', ({ runId }) => drop(runId))
  bridge.listen('records', (news) => {
    const curve = curves.value.get(news.runId)
    // what is being fetched brings it along, or the next news shows the gap
    if (!curve || fetching.has(news.runId)) return
    const first = news.steps[0]
    if (first && first.step > lastStep(curve) + 1) void fetchCurve(news.runId)
    else take(curve, news)
    triggerRef(curves)
  })

  function take(curve: Curve, records: RunRecords): void {
    appendSteps(curve, records.steps)
    takeMarks(curve, records)
    keepThin(curve)
  }
  function takeMarks(curve: Curve, { validations, samples }: Pick<RunRecords, 'validations' | 'samples'>): void {
    curve.validations = appendAt(curve.validations, validations)
    curve.samples = appendAt(curve.samples, samples)
  }

  async function load(): Promise<void> {
    runs.value = await bridge.request('listRuns', null)
    isLoaded.value = true
    // What was watched before the lab went away may have gone on meanwhile.
    for (const runId of curves.value.keys()) void fetchCurve(runId)
  }

  /** All rows of a part of a run's curve, which the lab may answer in pieces. */
  async function readPart(runId: string, part: CurvePart, took: (piece: RunCurve) => void) {
    for (let { afterStep } = part; ;) {
      const piece = await bridge.request('readCurve', runId, { ...part, afterStep })
      took(piece)
      const { step } = piece.rows
      if (step.length === 0) return
      afterStep = step[step.length - 1]
      const end = part.upToStep ?? runs.value.find((one) => one.id === runId)?.step ?? 0
      if (afterStep >= end) return
    }
  }
  const readOn = (runId: string, curve: Curve): Promise<void> => {
    const widest = widestOf(runs.value.find((one) => one.id === runId)?.step ?? 0)
    return readPart(runId, { afterStep: lastStep(curve), widest }, (piece) => {
      appendColumns(curve, piece.rows)
      takeMarks(curve, piece)
      triggerRef(curves)
    })
  }

  /** Parts of curves that someone looks at more closely; those asked for later take the place of those that wait. */
  let unread: { runId: string; part: CurvePart }[] = []
  let reading = 0
  function sharpen(parts: { runId: string; part: CurvePart }[]): void {
    unread = parts
    while (reading < mostParts && unread.length > 0) {
      const { runId, part } = unread.shift()!
      const finer: CurveRow[] = []
      reading++
      void readPart(runId, part, (piece) => finer.push(...rowsIn(piece)))
        .then(() => {
          const curve = curves.value.get(runId)
          if (curve) refine(curve, finer)
          triggerRef(curves)
        })
        .catch(notices.fail)
        .then(() => {
          reading--
          sharpen(unread)
        })
    }
  }

  /** Every step of a run, read for what needs them all; nobody else holds this curve. */
  async function wholeCurve(runId: string): Promise<Curve> {
    const curve = createCurve()
    for (;;) {
      const records = await bridge.request('readRecords', runId, lastStep(curve))
      appendSteps(curve, records.steps)
      takeMarks(curve, records)
      const run = runs.value.find((one) => one.id === runId)
      if (!run || records.steps.length === 0 || lastStep(curve) >= run.step) return curve
    }
  }

  /** Brings a curve up to date; a second call while one is under way waits for the same. */
  function fetchCurve(runId: string): Promise<void> {
    const known = fetching.get(runId)
    if (known) return known
    const curve = curves.value.get(runId) ?? createCurve()
    curves.value.set(runId, curve)
    const work = readOn(runId, curve)
      .catch(notices.fail)
      .then(() => {
        fetching.delete(runId)
        triggerRef(curves)
      })
    fetching.set(runId, work)
    return work
  }

  /** Makes sure these curves are there and stay so. */
  function watchCurves(runIds: string[]): void {
    // those that train first: what has ended can wait to be read
    const isLive = new Set(active.value.map(({ id }) => id))
    for (const runId of [...runIds].sort((x, y) => Number(isLive.has(y)) - Number(isLive.has(x)))) {
      if (curves.value.has(runId)) continue
      curves.value.set(runId, createCurve())
      awaited.push(runId)
    }
    readAwaited()
  }
  function readAwaited(): void {
    while (fetching.size < mostReadings && awaited.length > 0) {
      const runId = awaited.shift()!
      if (curves.value.has(runId)) void fetchCurve(runId).then(readAwaited) // else it was deleted meanwhile
    }
  }

  /** Newest first within a member is not needed anywhere: smallest first, then oldest first. */
  const ofStudy = (studyId: string | null) =>
    runs.value
      .filter((run) => run.studyId === studyId)
      .sort((a, b) => a.parameters - b.parameters || a.createdMs - b.createdMs)
  const active = computed(() => runs.value.filter(isUnderWay))

  const start = (studyId: string, memberIds: string[], choices?: StartChoices) =>
    notices.attempt(async () => {
      const made = await bridge.request('startRuns', studyId, memberIds, ...(choices ? [choices] : []))
      made.forEach(put)
      return made
    })
  const one = (name: 'pauseRun' | 'resumeRun' | 'stopRun') => (runId: string) =>
    notices.attempt(async () => put(await bridge.request(name, runId)))
  const [pause, resume, stop] = [one('pauseRun'), one('resumeRun'), one('stopRun')]
  const rescore = (runIds: string[]) =>
    notices.attempt(async () => (await bridge.request('rescoreRuns', runIds)).forEach(put))
  /** On the CPU, when the graphics card that trained it is gone. */
  const resumeOnCpu = (runId: string) =>
    notices.attempt(async () => put(await bridge.request('resumeRun', runId, 'native')))
  const each = async (chosen: RunSummary[], work: (runId: string) => Promise<unknown>) => {
    for (const run of chosen) await work(run.id)
  }
  // From the last to the first, so that pausing one does not let the next begin.
  const pauseAll = (studyId: string) => each(ofStudy(studyId).filter(isUnderWay).reverse(), pause)
  const resumeAll = (studyId: string) => each(ofStudy(studyId).filter(canResume), resume)
  const stopAll = (studyId: string) => each(ofStudy(studyId).filter(canStop).reverse(), stop)

  const remove = (run: RunSummary) =>
    notices.attempt(async () => {
      await bridge.request('deleteRun', run.id)
      drop(run.id)
      deleted.announce({ kind: 'run', id: run.id }, `The run of ${run.name} is deleted.`)
    })

  return {
    runs,
    curves,
    isLoaded,
    active,
    load,
    watchCurves,
    fetchCurve,
    sharpen,
    wholeCurve,
    ofStudy,
    start,
    pause,
    resume,
    rescore,
    resumeOnCpu,
    stop,
    pauseAll,
    resumeAll,
    stopAll,
    remove,
  }
})

const rowsIn = ({ rows }: RunCurve): CurveRow[] =>
  rows.step.map((_, i) => Object.fromEntries(curveColumns.map((name) => [name, rows[name][i]])) as unknown as CurveRow)
