// What a model made of each item, on disk as it comes: a line of JSON an item, in the order in which they were scored.
import { isRight, type SamplesPage, type SamplesQuery } from '#shared/evaluation/evaluation.ts'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import { exists, fileBytes } from '#main/platform/disk/files.ts'
import { openLineFile, readWholeLines } from '#main/platform/disk/line-files.ts'

export interface SampleLog {
  /** What earlier sessions left. */
  done: ItemRecord[]
  add(record: ItemRecord): void
  /** Writes what was added since. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Opens the file of an evaluation's items to go on with them. */
export async function openSampleLog(path: string): Promise<SampleLog> {
  const { file, lines } = await openLineFile(path)
  let waiting: string[] = []
  const flush = async () => {
    const lines = waiting
    waiting = []
    await file.append(lines).catch((error) => {
      waiting.unshift(...lines) // in their order, if there is space by the next time
      throw error
    })
  }
  return {
    done: parse(lines),
    add: (record) => void waiting.push(JSON.stringify(record)),
    flush,
    close: async () => {
      try {
        await flush()
      } finally {
        await file.close()
      }
    },
  }
}

/** Items of the evaluations that were read last, so that turning pages reads nothing. */
export function createSampleReader(pathOf: (id: string) => string) {
  let last: { key: string; items: ItemRecord[] } | null = null
  return {
    async read(id: string, { verdict, from, count }: SamplesQuery): Promise<SamplesPage> {
      const path = pathOf(id)
      const key = `${id} ${(await exists(path)) ? await fileBytes(path) : 0}` // more may have come since
      if (last?.key !== key) {
        const items = parse((await readWholeLines(path)).lines)
        last = { key, items: items.sort((a, b) => a.index - b.index) }
      }
      const fitting =
        verdict === 'all' ? last.items : last.items.filter((item) => isRight(item) === (verdict === 'right'))
      return { total: fitting.length, from, items: fitting.slice(from, from + count) }
    },
    forget: () => void (last = null),
  }
}

/** A line that is no record was damaged from outside: its item is scored again, or not shown. */
function parse(lines: readonly string[]): ItemRecord[] {
  const records = new Map<number, ItemRecord>()
  for (const line of lines) {
    try {
      const record = JSON.parse(line) as ItemRecord
      if (record.kind === 'item' && Number.isInteger(record.index)) records.set(record.index, record)
    } catch {
      continue
    }
  }
  return [...records.values()]
}
