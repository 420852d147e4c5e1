// Records that a person added: one JSON file each in a folder of the lab, in the form in which the same records ship.
import { join } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import { exists, listFolder, readJson, writeFileAtomically } from '#main/platform/disk/files.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'

export interface OwnFilesOptions<T> {
  folder: string
  /** What one is called, with "a" before it: machine, model. */
  noun: string
  /** Reads what a file holds; a Fault says what is wrong with it. */
  read: (given: unknown) => T
  /** What a file of it holds. */
  file: (record: T) => unknown
  /** Ids that ship. */
  shipped: () => readonly string[]
}

export interface OwnFiles<T> {
  /** In the order of their names; files that cannot be read are named apart. */
  list(): Promise<{ records: T[]; problems: { file: string; message: string }[] }>
  /** Adds it, or replaces the one of the same id. Refused where it is not one, or has the id of one that ships. */
  save(given: unknown): Promise<T>
  remove(id: string): Promise<void>
}

const possibleId = /^[a-z0-9][a-z0-9.-]{0,59}$/

export function createOwnFiles<T extends { id: string }>(options: OwnFilesOptions<T>): OwnFiles<T> {
  const { folder, noun, read, file, shipped } = options
  const pathOf = (id: string) => join(folder, `${id}.json`)
  return {
    list: async () => {
      const records: T[] = []
      const problems: { file: string; message: string }[] = []
      const names = (await exists(folder))
        ? (await listFolder(folder)).filter((name) => name.endsWith('.json')).sort()
        : []
      for (const name of names) {
        try {
          const record = read(await readJson(join(folder, name)))
          if (name !== `${record.id}.json`)
            throw new Fault(
              'damaged',
              `The ${noun} in it has the id "${record.id}"; the file should be ${record.id}.json.`,
            )
          records.push(record)
        } catch (error) {
          problems.push({ file: join(folder, name), message: toFaultData(error).message })
        }
      }
      return { records, problems }
    },
    save: async (given) => {
      const record = read(given)
      if (!possibleId.test(record.id))
        throw new Fault(
          'bad-input',
          `A ${noun}'s id is made of small letters, digits, dots and hyphens, at most 60; it is "${record.id}".`,
        )
      if (shipped().includes(record.id))
        throw new Fault('conflict', `"${record.id}" is a ${noun} that ships. Give yours another id.`)
      await writeFileAtomically(pathOf(record.id), `${JSON.stringify(file(record), null, 2)}\n`)
      return record
    },
    remove: async (id) => {
      if (!possibleId.test(id) || !(await exists(pathOf(id))))
        throw new Fault('not-found', `There is no ${noun} "${id}" of your own.`)
      await removeFolder(pathOf(id))
    },
  }
}
