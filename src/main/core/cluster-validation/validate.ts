// How good is the cost model: its error on every table of a validation file, beside Calculon's on the same rows.
import { calibration, type Calibration } from '#shared/cluster/calibration.ts'
import { estimate } from '#shared/cluster/estimate.ts'
import { memoryConstants, type MemoryConstants } from '#shared/cluster/memory.ts'
import { gpuFamilies, gpuFamily } from '#shared/cluster/trust.ts'
import { errorsOf, kendallTau, type Trial } from '#shared/cluster/trial.ts'
import type { TableReport } from '#shared/cluster/validation.ts'

/** One prediction beside its measurement. */
export interface Judged {
  trial: Trial
  predictedSeconds: number
  predictedBytes: number
  predictsFit: boolean
}

/** What predictions are made with. */
interface Constants {
  constants: Calibration
  memory: MemoryConstants
}

const shipped: Constants = { constants: calibration, memory: memoryConstants }

const judge = (trial: Trial, { constants, memory }: Constants = shipped): Judged => {
  const { stepSeconds, memoryBytesPerDevice, fits } = estimate(
    trial.model,
    trial.plan,
    trial.machine,
    constants,
    memory,
  )
  return { trial, predictedSeconds: stepSeconds, predictedBytes: memoryBytesPerDevice, predictsFit: fits }
}

const pairsOf = (
  judged: readonly Judged[],
  measured: (trial: Trial) => number | null,
  predicted: (one: Judged) => number | null,
) =>
  judged.flatMap((one) => {
    const truth = measured(one.trial)
    const guess = predicted(one)
    return truth === null || guess === null ? [] : [{ measured: truth, predicted: guess }]
  })

function reportOf(table: string, part: string, judged: readonly Judged[]): TableReport {
  const timed = judged.filter(({ trial }) => trial.seconds !== null)
  const compared = timed.filter(({ trial }) => trial.calculonSeconds !== null)
  const failed = judged.filter(({ trial }) => trial.outOfMemory === true)
  const held = judged.filter(({ trial }) => trial.outOfMemory === false)
  const verdicts = (these: readonly Judged[], fits: boolean) =>
    these.length === 0 ? null : { rows: these.length, right: these.filter((one) => one.predictsFit === fits).length }
  return {
    table,
    part,
    time: errorsOf(
      pairsOf(
        timed,
        (trial) => trial.seconds,
        (one) => one.predictedSeconds,
      ),
    ),
    calculon: errorsOf(
      pairsOf(
        compared,
        (trial) => trial.seconds,
        (one) => one.trial.calculonSeconds,
      ),
    ),
    sameRows: errorsOf(
      pairsOf(
        compared,
        (trial) => trial.seconds,
        (one) => one.predictedSeconds,
      ),
    ),
    memory: errorsOf(
      pairsOf(
        judged,
        (trial) => trial.bytes,
        (one) => one.predictedBytes,
      ),
    ),
    calculonMemory: errorsOf(
      pairsOf(
        judged.filter(({ trial }) => trial.calculonBytes !== null),
        (trial) => trial.bytes,
        (one) => one.trial.calculonBytes,
      ),
    ),
    outOfMemory: verdicts(failed, false),
    fitting: verdicts(held, true),
    ranking: rankingOf(timed),
    assumed: [...new Set(judged.map(({ trial }) => trial.assumed).filter((words) => words !== ''))].join('; '),
  }
}

const smallestGroup = 4

function rankingOf(timed: readonly Judged[]): TableReport['ranking'] {
  const groups = new Map<string, { measured: number; predicted: number }[]>()
  for (const { trial, predictedSeconds } of timed) {
    const key = `${trial.model.id} ${trial.model.context} ${trial.plan.devices}`
    groups.set(key, [...(groups.get(key) ?? []), { measured: trial.seconds!, predicted: predictedSeconds }])
  }
  const taus = [...groups.values()]
    .filter((group) => group.length >= smallestGroup)
    .map((group) => ({ tau: kendallTau(group), weight: group.length * (group.length - 1) }))
    .filter((one): one is { tau: number; weight: number } => one.tau !== null)
  if (taus.length === 0) return null
  const weight = taus.reduce((sum, one) => sum + one.weight, 0)
  return {
    groups: taus.length,
    tau: taus.reduce((sum, one) => sum + one.tau * one.weight, 0) / weight,
    lowest: Math.min(...taus.map(({ tau }) => tau)),
  }
}

/** Parts that are judged apart from the rest of their table. */
const parts: Record<string, { part: string; holds: (trial: Trial) => boolean }[]> = {
  vtrain_multi: [
    { part: 'tensor <= 8', holds: ({ plan }) => plan.tensor <= 8 },
    { part: '175B', holds: ({ model }) => model.width === 12_288 },
  ],
  megatron_table2: [
    { part: 'pipeline and tensor', holds: ({ plan }) => plan.zero === 0 },
    { part: 'ZeRO-3', holds: ({ plan }) => plan.zero === 3 },
  ],
}

/** A report for each table, whole and in parts. */
export function validateTrials(
  trials: readonly Trial[],
  constantsOf: (trial: Trial) => Constants = () => shipped,
  placed: (trial: Trial) => Trial = (trial) => trial,
): TableReport[] {
  const judged = trials.map((trial) => judge(placed(trial), constantsOf(trial)))
  return [...new Set(trials.map(({ table }) => table))].flatMap((table) => {
    const these = judged.filter(({ trial }) => trial.table === table)
    const cut = (parts[table] ?? [])
      .map(({ part, holds }) =>
        reportOf(
          table,
          part,
          these.filter(({ trial }) => holds(trial)),
        ),
      )
      .filter(({ time }) => time !== null)
    return [reportOf(table, 'all', these), ...cut]
  })
}

/**
 * A report for each family of GPUs, whole and of clusters of more than a node; early ZeRO-3 and tensor ranks across
 * nodes are in no fit and left out.
 */
export function validateFamilies(
  trials: readonly Trial[],
  constantsOf: (trial: Trial) => Constants = () => shipped,
  placed: (trial: Trial) => Trial = (trial) => trial,
): TableReport[] {
  const fitted = trials.filter(
    ({ seconds, plan }) => seconds !== null && plan.tensor <= 8 && plan.shardUnit === 'layer',
  )
  return gpuFamilies.flatMap((family) => {
    const these = fitted.filter(({ machine }) => gpuFamily(machine) === family)
    const judged = these.map((trial) => judge(placed(trial), constantsOf(trial)))
    const clusters = judged.filter(({ trial: { plan, machine } }) => plan.devices > machine.devicesPerNode)
    return [reportOf(family, 'all', judged), reportOf(family, 'clusters', clusters)].filter(({ time }) => time !== null)
  })
}

/** Reports as one record: each table's errors, and under `parts` those of parts of it. */
export function reportsByTable(
  reports: readonly TableReport[],
): Record<string, TableReport & { parts: Record<string, TableReport> }> {
  const tables: Record<string, TableReport & { parts: Record<string, TableReport> }> = {}
  for (const report of reports) {
    if (report.part === 'all') tables[report.table] = { ...report, parts: {} }
    else tables[report.table].parts[report.part] = report
  }
  return tables
}

/** Every row's prediction beside its measurement. */
export const predictionsOf = (trials: readonly Trial[]) =>
  trials.map((trial) => {
    const { predictedSeconds, predictedBytes, predictsFit } = judge(trial)
    const { table, row, seconds, bytes, outOfMemory, plan } = trial
    return {
      table,
      row,
      recompute: plan.recompute,
      measuredSeconds: seconds,
      predictedSeconds,
      measuredBytes: bytes,
      predictedBytes,
      outOfMemory,
      predictsFit,
    }
  })
