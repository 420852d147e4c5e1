// What the person is told in passing, with a way to undo it where there is one.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { toFaultData } from '#shared/fault.ts'

export interface Notice {
  id: number
  kind: 'done' | 'failure'
  text: string
  details?: string
  action?: { label: string; run: () => void }
}

let lastId = 0

export const useNoticesStore = defineStore('notices', () => {
  const notices = ref<Notice[]>([])
  const add = (notice: Omit<Notice, 'id'>) => {
    notices.value = [...notices.value.slice(-3), { ...notice, id: ++lastId }]
  }
  const dismiss = (id: number) => {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }
  const tell = (text: string, action?: Notice['action']) => add({ kind: 'done', text, ...(action ? { action } : {}) })
  const fail = (error: unknown) => {
    const { message, details } = toFaultData(error)
    const known = notices.value.find((notice) => notice.kind === 'failure' && notice.text === message)
    if (known) dismiss(known.id) // said again, not stacked
    add({ kind: 'failure', text: message, ...(details ? { details } : {}) })
  }
  /** Does it, and tells what went wrong; undefined when it did. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      fail(error)
      return undefined
    }
  }
  return { notices, tell, fail, dismiss, attempt }
})
