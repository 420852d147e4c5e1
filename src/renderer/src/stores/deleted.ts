// What was deleted: told with a way back, undone from the last on, listed for as long as it can be restored.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { DeletedItem, DeletedKind } from '#shared/deleted.ts'
import { formatBytes } from '#shared/numbers.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useNoticesStore } from './notices.ts'

type Deletion = Pick<DeletedItem, 'kind' | 'id'>

export const useDeletedStore = defineStore('deleted', () => {
  const bridge = useBridge()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const items = shallowRef<DeletedItem[]>([])
  const isOpen = ref(false)
  /** Deleted in this window, latest last. */
  const undoable = shallowRef<Deletion[]>([])
  const bytes = computed(() => items.value.reduce((sum, item) => sum + item.bytes, 0))
  /** How long it can be brought back, as the end of a question. */
  const promise = computed(
    () => `Recently deleted keeps it for ${lab.settings.keepDeletedDays} days, where it can be restored.`,
  )

  const load = () => notices.attempt(async () => void (items.value = await bridge.request('listDeleted')))
  function open(): void {
    isOpen.value = true
    void load()
  }

  const requests = {
    study: (id) => bridge.request('restoreStudy', id),
    run: (id) => bridge.request('restoreRun', id),
    corpus: (id) => bridge.request('restoreCorpus', id),
    model: (id) => bridge.request('restoreModel', id),
    evaluation: (id) => bridge.request('restoreEvaluation', id),
  } satisfies Record<DeletedKind, (id: string) => Promise<unknown>>
  /** News bring it back to where it was; true when it is there. */
  async function restore({ kind, id }: Deletion): Promise<boolean> {
    undoable.value = undoable.value.filter((one) => one.id !== id)
    const isBack = await notices.attempt(async () => {
      await requests[kind](id)
      return true
    })
    if (isOpen.value) await load()
    return isBack ?? false
  }
  /** Brings the last thing back that was deleted in this window. */
  async function undo(): Promise<void> {
    const last = undoable.value[undoable.value.length - 1]
    if (last && (await restore(last))) notices.tell('The last deletion is undone.')
  }
  /** Says that it is deleted, with the way back; `after` when it was taken. */
  function announce(deletion: Deletion, text: string, after?: () => void): void {
    undoable.value = [...undoable.value, deletion]
    const run = async () => {
      if (await restore(deletion)) after?.()
    }
    notices.tell(text, { label: 'Undo', run: () => void run() })
  }

  /** For good: these, or all. */
  const empty = (ids: string[] | null) =>
    notices.attempt(async () => {
      const freed = await bridge.request('emptyDeleted', ids)
      undoable.value = undoable.value.filter(({ id }) => ids !== null && !ids.includes(id))
      await load()
      notices.tell(`${formatBytes(freed)} freed.`)
    })

  return { items, isOpen, undoable, bytes, promise, load, open, restore, undo, announce, empty }
})
