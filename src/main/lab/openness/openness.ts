// Openness as the lab's host holds it: the rows that ship, and those that a person added.
import {
  readOpennessRow,
  type OpennessCatalogue,
  type OpennessEntry,
  type OpennessRow,
} from '#shared/openness/openness.ts'
import { publishedOpenness } from '#shared/openness/published.ts'
import { createOwnFiles } from '#main/lab/own-files.ts'

export interface Openness {
  catalogue(): Promise<OpennessCatalogue>
  save(given: unknown): Promise<OpennessEntry>
  remove(id: string): Promise<void>
}

/** `folder`: where a person's own rows are kept. */
export function createOpenness(folder: string): Openness {
  const own = createOwnFiles<OpennessRow>({
    folder,
    noun: 'row',
    read: readOpennessRow,
    file: (row) => row,
    shipped: () => publishedOpenness.map(({ id }) => id),
  })
  return {
    catalogue: async () => {
      const { records, problems } = await own.list()
      const entry =
        (isOwn: boolean) =>
        (row: OpennessRow): OpennessEntry => ({ row, isOwn })
      return { rows: [...publishedOpenness.map(entry(false)), ...records.map(entry(true))], problems }
    },
    save: async (given) => ({ row: await own.save(given), isOwn: true }),
    remove: own.remove,
  }
}
