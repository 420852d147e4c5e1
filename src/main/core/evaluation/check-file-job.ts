// Looking through a file of rows before it is kept, in a worker: a large one takes a while to read.
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { readItem } from './items.ts'
import { readAllRows } from './rows.ts'
import { findTask } from './tasks.ts'

export interface CheckTaskFileJob {
  kind: 'check-task-file'
  task: string
  paths: string[]
}

export interface TaskFileReport {
  rows: number
}

/** Reads every row as an item of the task; the first that is none is a Fault with file, line and field. */
export async function* checkTaskFileJob({
  task: name,
  paths,
}: CheckTaskFileJob): AsyncGenerator<never, TaskFileReport> {
  const task: TaskRecord = findTask(name)
  const rows = await readAllRows(paths)
  for (const row of rows) readItem(task, row)
  return { rows: rows.length }
}
