// Published measurements as trials: each table of a validation file becomes models, plans and machines.
import { Fault } from '#shared/fault.ts'
import { machineComplaint, planComplaint } from '#shared/cluster/plan.ts'
import type { Trial } from '#shared/cluster/trial.ts'
import { bloom, vtrain } from './deepspeed.ts'
import { foundry } from './llm-foundry.ts'
import { korthikanti, megatron2020, megatronH100, table1, table2 } from './megatron.ts'
import { publicRun } from './public-runs.ts'
import type { Reader, Row } from './row.ts'

/** A table as files hold it. */
interface Table {
  columns?: string[]
  rows?: unknown[][]
}

/** Every table that can be tried, by its key in the file. */
const readers: Record<string, Reader> = {
  vtrain_multi: vtrain,
  vtrain_single: vtrain,
  bloom_prequel: bloom,
  korthikanti,
  llm_foundry_fsdp: foundry,
  megatron_table1: table1,
  megatron_table2: table2,
  megatron_2020: megatron2020,
  megatron_h100: megatronH100,
  public_runs: publicRun,
}

/** What a validation file gave. */
export interface Reading {
  trials: Trial[]
  /**
   * Rows that cannot be tried, and why: a shape nobody published, degrees that do not make the GPUs, a plan that cannot
   * be.
   */
  passedOver: { table: string; row: number; because: string }[]
}

/**
 * The trials of a validation file, table by table; tables of another kind are left alone, rows that cannot be tried are
 * named.
 */
export function readTrials(file: unknown): Reading {
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new Fault('damaged', 'A validation file is a JSON object of tables with columns and rows.')
  // Public runs may also be a file of their own: one table and nothing else.
  const isOneTable = Array.isArray((file as Table).columns) && Array.isArray((file as Table).rows)
  const tables = (isOneTable ? { public_runs: file } : file) as Record<string, Table>
  const reading: Reading = { trials: [], passedOver: [] }
  for (const [table, read] of Object.entries(readers)) {
    const { columns, rows } = (tables[table] ?? {}) as Table
    if (!columns || !rows) continue
    const named = rows.map((cells): Row => {
      if (!Array.isArray(cells) || cells.length > columns.length)
        throw new Fault(
          'damaged',
          `Table ${table}: a row does not have its ${columns.length} columns: ${JSON.stringify(cells).slice(0, 200)}`,
        )
      return Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? null]))
    })
    named.forEach((row, index) => {
      const trials = read(row, index, named)
      const complaint =
        trials.length === 0
          ? 'its shape or its degrees are not known'
          : trials
              .map(({ model, plan, machine }) => planComplaint(model, plan) ?? machineComplaint(plan, machine))
              .find(Boolean)
      if (complaint) reading.passedOver.push({ table, row: index, because: complaint })
      else reading.trials.push(...trials.map((trial) => ({ ...trial, table, row: index })))
    })
  }
  if (reading.trials.length === 0)
    throw new Fault('damaged', `No table can be tried. Known tables: ${Object.keys(readers).join(', ')}.`)
  return reading
}
