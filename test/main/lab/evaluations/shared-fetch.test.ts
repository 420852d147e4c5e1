import { expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { createTaskFiles } from '#main/lab/evaluations/task-files.ts'

/** Task files over a hub that answers when `answer` is called, and then has no network. */
function slowHub() {
  let answer = () => {}
  const state = { isStopped: false }
  const taskFiles = createTaskFiles({
    store: { files: () => [], ownTasks: () => [], putFile: () => undefined, dropFile: () => undefined } as never,
    news: { tell: () => undefined },
    fork: () => {
      throw new Error('nothing came that could be looked at')
    },
    nowMs: () => 0,
    folder: '/nowhere',
    fetchFromHub: async function* (_, signal) {
      await new Promise<void>((resolve) => {
        answer = resolve
        signal.addEventListener('abort', () => resolve())
      })
      state.isStopped = signal.aborted
      throw signal.aborted ? new Fault('cancelled', 'stopped') : new Fault('unavailable', 'no network')
    },
    closing: new AbortController().signal,
  })
  return { taskFiles, state, answer: () => answer() }
}

test('one waiter that leaves does not stop a fetch that another waits for', async () => {
  const { taskFiles, state, answer } = slowHub()
  const leaving = new AbortController()
  const first = taskFiles.fetch('arc_easy', leaving.signal)
  const second = taskFiles.fetch('arc_easy', new AbortController().signal)
  leaving.abort()
  await expect(first).rejects.toMatchObject({ code: 'cancelled' })
  answer()
  await expect(second).rejects.toMatchObject({ code: 'unavailable' })
  expect(state.isStopped).toBe(false)
})

test('the last waiter that leaves stops the fetch, and one that comes aborted begins none', async () => {
  const { taskFiles, state } = slowHub()
  const [one, other] = [new AbortController(), new AbortController()]
  const fetches = [taskFiles.fetch('arc_easy', one.signal), taskFiles.fetch('arc_easy', other.signal)]
  one.abort()
  other.abort()
  for (const fetch of fetches) await expect(fetch).rejects.toMatchObject({ code: 'cancelled' })
  expect(state.isStopped).toBe(true)
  await expect(taskFiles.fetch('arc_easy', one.signal)).rejects.toMatchObject({ code: 'cancelled' })
  expect(taskFiles.read('arc_easy').fetching).toBeNull()
})
