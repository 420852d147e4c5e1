// The report on the cost model that the window shows: every row of the measurements that ship, predicted anew.
import type { ValidationReport } from '#shared/cluster/validation.ts'
import measurements from '../../../../resources/validation/measurements.json' with { type: 'json' }
import { readTrials } from './tables.ts'
import { validateTrials } from './validate.ts'

const all = 'isoflop emulate --validate resources/validation/measurements.json'

/** The publication behind a table: its status names it by a short key. */
function sourceOf(status: string): string {
  const key = /S\d+/.exec(status)?.[0]
  return key === undefined ? status : ((measurements.meta.sources as Record<string, string>)[key] ?? status)
}

export function validationReport(): ValidationReport {
  const { meta: _, ...tables } = measurements
  const { trials, passedOver } = readTrials(tables as never)
  return {
    tables: validateTrials(trials),
    passedOver,
    commands: { all, heldOut: `${all} --cross-validate` },
    sources: Object.fromEntries(Object.entries(tables).map(([table, { status }]) => [table, sourceOf(status)])),
  }
}
