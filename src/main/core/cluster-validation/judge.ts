// The cost model against one file of measurements: every table's errors, by constants fitted to all of it and, where
// asked, by constants that never saw the rows they are judged on.
import type { TableReport } from '#shared/cluster/validation.ts'
import { crossValidate } from './calibrate.ts'
import { readTrials } from './tables.ts'
import { predictionsOf, reportsByTable, validateFamilies, validateTrials } from './validate.ts'

export interface Judgement {
  /** Plain data, by table. */
  document: object
  reports: TableReport[]
  passedOver: { table: string; row: number; because: string }[]
  /** By family of GPUs, with the constants that ship. */
  families: TableReport[]
  /** By plan, and by model and number of devices together; by family, by plan. */
  heldOut: { byPlan: TableReport[]; byGroup: TableReport[]; families: TableReport[] } | null
}

/** `isCrossed`: five folds each, some seconds. `hasRows`: every row’s prediction too. Throws where it is no such. */
export function judge(file: unknown, { isCrossed, hasRows }: { isCrossed: boolean; hasRows: boolean }): Judgement {
  const { trials, passedOver } = readTrials(file as never)
  const reports = validateTrials(trials)
  const families = validateFamilies(trials)
  const document = {
    tables: reportsByTable(reports),
    families: reportsByTable(families),
    passedOver,
    ...(hasRows ? { rows: predictionsOf(trials) } : {}),
  }
  if (!isCrossed) return { document, reports, families, passedOver, heldOut: null }
  const { reports: byPlan, families: familiesByPlan, fits } = crossValidate(trials)
  const { reports: byGroup } = crossValidate(trials, { by: 'group' })
  return {
    document: {
      ...document,
      heldOutFamilies: reportsByTable(familiesByPlan),
      heldOut: reportsByTable(byPlan),
      heldOutByGroup: reportsByTable(byGroup),
      fits,
    },
    reports,
    families,
    passedOver,
    heldOut: { byPlan, byGroup, families: familiesByPlan },
  }
}
