// What was deleted, of every room: listed with its size, forgotten for good when it is asked for or its time has come.
import { deletedKinds, type DeletedItem, type DeletedKind } from '#shared/deleted.ts'
import { Fault } from '#shared/fault.ts'
import type { Settings } from '#shared/settings.ts'
import { folderBytes } from '#main/platform/disk/folders.ts'

/** What a room has deleted. */
export interface DeletedRoom {
  deleted(): (Pick<DeletedItem, 'id' | 'name' | 'of' | 'deletedMs'> & { folders: string[] })[]
  /** For good, with its files. */
  forget(id: string): unknown
}

export interface TrashDeps {
  rooms: Record<DeletedKind, DeletedRoom>
  settings: () => Pick<Settings, 'keepDeletedDays' | 'keepDeletedBytes'>
  nowMs: () => number
}

export interface Trash {
  /** Latest first. */
  list(): Promise<DeletedItem[]>
  /** Forgets these, or all, for good; gives the bytes of their files. */
  empty(ids: readonly string[] | null): Promise<number>
  /** Forgets what has been kept long enough, and then the oldest until the rest fits. */
  sweep(): Promise<void>
}

const dayMs = 86_400_000

export function createTrash({ rooms, settings, nowMs }: TrashDeps): Trash {
  const list = async (): Promise<DeletedItem[]> => {
    const keptMs = settings().keepDeletedDays * dayMs
    const items: DeletedItem[] = []
    for (const kind of deletedKinds)
      for (const { folders, ...one } of rooms[kind].deleted()) {
        const sizes = await Promise.all(folders.map(folderBytes))
        const bytes = sizes.reduce((sum, size) => sum + size, 0)
        items.push({ kind, ...one, bytes, keptUntilMs: one.deletedMs + keptMs })
      }
    return items.sort((a, b) => b.deletedMs - a.deletedMs)
  }
  const forget = async (items: readonly DeletedItem[]): Promise<number> => {
    let bytes = 0
    for (const item of items) {
      await rooms[item.kind].forget(item.id)
      bytes += item.bytes
    }
    return bytes
  }

  return {
    list,
    empty: async (ids) => {
      const items = await list()
      const unknown = ids?.find((id) => !items.some((item) => item.id === id))
      if (unknown !== undefined)
        throw new Fault('not-found', 'This is not among what was deleted any more.', { details: unknown })
      return forget(ids ? items.filter(({ id }) => ids.includes(id)) : items)
    },
    sweep: async () => {
      let room = settings().keepDeletedBytes
      const expired = (await list()).filter(({ bytes, keptUntilMs }) => {
        room -= bytes
        return keptUntilMs < nowMs() || room < 0
      })
      await forget(expired)
    },
  }
}
