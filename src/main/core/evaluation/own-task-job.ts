// Reading a task of a person's own in a worker, and keeping its rows: a large one takes a while.
import { join } from 'node:path'
import type { OwnTaskRecord } from '#shared/evaluation/evaluation.ts'
import { fileBytes, writeFileAtomically } from '#main/platform/disk/files.ts'
import { readOwnTask } from './own-task.ts'

export interface OwnTaskJob {
  kind: 'own-task'
  path: string
  /** The rows are written to `<folder>/<task>/rows.jsonl`. */
  folder: string
}

export interface OwnTaskReport extends OwnTaskRecord {
  path: string
  rows: number
  bytes: number
}

export async function* ownTaskJob({ path, folder }: OwnTaskJob): AsyncGenerator<never, OwnTaskReport> {
  const { record, shots, rows } = await readOwnTask(path)
  const target = join(folder, record.name, 'rows.jsonl')
  await writeFileAtomically(target, rows.map(({ row }) => `${JSON.stringify(row)}\n`).join(''))
  return { record, shots, path: target, rows: rows.length, bytes: await fileBytes(target) }
}
