// A task of a person's own, out of one JSON file: what it is called, how a row becomes an item, and its rows.
import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { quoted } from '#shared/bounds.ts'
import type { GoldRule, MetricName, RowForm, TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import { parsePythonJson } from '#shared/json.ts'
import { readText } from '#main/platform/disk/files.ts'
import { readItem, type PlacedRow, type Row } from './items.ts'
import { readRows } from './rows.ts'

export interface OwnTask {
  /** Its name ends with the first digits of a hash of all its content: another content, another task. */
  record: TaskRecord
  /** Examples before each item where the evaluation asks for none. */
  shots: number
  rows: PlacedRow[]
}

const fields = ['name', 'title', 'about', 'kind', 'context', 'choices', 'answer', 'metric', 'shots', 'rows'] as const
type Field = (typeof fields)[number]

const metricsOf: Record<'choices' | 'text', MetricName[]> = {
  choices: ['acc', 'acc_norm', 'answer_bits_per_byte'],
  text: ['bits_per_byte', 'byte_perplexity', 'word_perplexity'],
}

/** Reads the file and every row. What is wrong is a Fault that names the field, or the row and its field. */
export async function readOwnTask(path: string): Promise<OwnTask> {
  const given = await readObject(path)
  const wrong = (field: Field, what: string) =>
    new Fault('bad-input', `${path}: ${field} must be ${what}; it is ${quoted(given[field] ?? 'missing')}.`)
  const unknown = Object.keys(given).find((key) => !fields.some((field) => field === key))
  if (unknown !== undefined)
    throw new Fault('bad-input', `${path}: there is no field ${quoted(unknown)}. A task has ${fields.join(', ')}.`)
  const textOf = (field: Field, fallback?: string): string => {
    const value = given[field] ?? fallback
    if (typeof value !== 'string' || value === '') throw wrong(field, 'a text')
    return value
  }
  const name = textOf('name')
  if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(name))
    throw wrong('name', 'up to 40 small letters, digits, _ or -, beginning with a letter or digit')
  const { kind, shots = 0 } = given
  if (kind !== 'choices' && kind !== 'text') throw wrong('kind', '"choices" or "text"')
  const metric = given.metric ?? metricsOf[kind][0]
  if (!metricsOf[kind].some((one) => one === metric)) throw wrong('metric', `one of ${metricsOf[kind].join(', ')}`)
  if (!Number.isInteger(shots) || (shots as number) < 0 || (shots as number) > 100)
    throw wrong('shots', 'a whole number from 0 to 100')
  if (kind === 'text' && shots !== 0) throw wrong('shots', '0: a text has no examples')
  const form: RowForm = { context: textOf('context') }
  if (kind === 'choices') {
    form.choices = choicesOf(given.choices, wrong)
    form.gold = answerOf(given.answer, wrong)
  }
  const rows = await rowsOf(given.rows, path, wrong)
  const content = JSON.stringify([name, kind, form, rows.map(({ row }) => row)])
  const record: TaskRecord = {
    name: `${name}.${createHash('sha256').update(content).digest('hex').slice(0, 8)}`,
    title: textOf('title', name),
    about: textOf('about', 'A task of your own.'),
    source: 'a file of your own',
    licence: '',
    kind,
    metrics: [metric as MetricName, ...metricsOf[kind].filter((one) => one !== metric)],
    chance: null,
    forms: [form],
    harnessDrawsOneMore: false,
    hub: null,
  }
  const chances = rows.map((row) => chanceOf(record, row))
  if (kind === 'choices') record.chance = chances.reduce((sum, one) => sum + one, 0) / chances.length
  return { record, shots: shots as number, rows }
}

/** Of guessing at one item; reads it, so that a row that is none is told now. */
function chanceOf(record: TaskRecord, row: PlacedRow): number {
  const item = readItem(record, row)
  if (item.kind === 'text' && item.text.trim() === '') throw new Fault('bad-input', `${item.where}: there is no text.`)
  if (item.kind !== 'choices') return 0
  const empty = item.choices.findIndex((choice) => choice.trim() === '')
  if (empty >= 0) throw new Fault('bad-input', `${item.where}: choice ${empty + 1} is empty.`)
  if (item.gold >= item.choices.length)
    throw new Fault(
      'bad-input',
      `${item.where}: answer says choice ${item.gold}, counted from 0, and there are ${item.choices.length}.`,
    )
  return 1 / item.choices.length
}

type Wrong = (field: Field, what: string) => Fault

async function readObject(path: string): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = parsePythonJson(await readText(path))
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('bad-input', `${path} holds no JSON: ${(error as Error).message}.`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault('bad-input', `${path} is no task: a task is one JSON object with ${fields.join(', ')}.`)
  return value as Record<string, unknown>
}

function choicesOf(value: unknown, wrong: Wrong): string | string[] {
  if (typeof value === 'string' && value !== '') return value
  if (Array.isArray(value) && value.length >= 2 && value.every((one) => typeof one === 'string')) return value
  throw wrong('choices', 'the field that lists them, or a list of two templates or more')
}

function answerOf(value: unknown, wrong: Wrong): GoldRule {
  if (typeof value === 'string' && value !== '') return { field: value }
  if (Number.isInteger(value) && (value as number) >= 0) return { always: value as number }
  const { field, in: labels, from, ...others } = (typeof value === 'object' && value !== null ? value : {}) as Row
  const isRule =
    typeof field === 'string' &&
    (labels === undefined || typeof labels === 'string') &&
    (from === undefined || Number.isInteger(from)) &&
    Object.keys(others).length === 0
  if (!isRule)
    throw wrong('answer', 'the field with the number of the right choice, counted from 0, or {"field", "in"}')
  return {
    field: field as string,
    ...(labels === undefined ? {} : { in: labels as string }),
    ...(from === undefined ? {} : { from: from as number }),
  }
}

async function rowsOf(value: unknown, path: string, wrong: Wrong): Promise<PlacedRow[]> {
  if (typeof value === 'string' && value !== '') return readRows(resolve(dirname(path), value))
  if (!Array.isArray(value) || value.length === 0)
    throw wrong('rows', 'a list of records, or the name of a .jsonl, .json or .parquet file beside the task')
  return value.map((row: unknown, i) => {
    const where = `${path}, row ${i + 1}`
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw new Fault('bad-input', `${where} is no record of fields; it is ${quoted(row)}.`)
    return { row: row as Row, where }
  })
}
