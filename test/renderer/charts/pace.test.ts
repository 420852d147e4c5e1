// Work that leaves the window its time.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createPace } from '#renderer/charts/pace.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Work of so many milliseconds that counts its turns. */
function work(milliseconds: number) {
  const done: number[] = []
  return {
    done,
    run: () => {
      done.push(performance.now())
      vi.advanceTimersByTime(milliseconds)
    },
  }
}

it('the next turn waits four times as long as the last one took, however often it is asked', () => {
  const { done, run } = work(50)
  const pace = createPace(run)
  const begun = performance.now()
  pace.ask()
  for (let i = 0; i < 20; i++) pace.ask()
  expect(done).toEqual([begun])
  vi.advanceTimersByTime(199)
  expect(done).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(done).toEqual([begun, begun + 250])
})

it('a person does not wait, and what was drawn elsewhere counts as well', () => {
  const { done, run } = work(10)
  const pace = createPace(run)
  pace.ask()
  pace.now()
  expect(done).toHaveLength(2)
  pace.add(100)
  pace.ask()
  vi.advanceTimersByTime(400)
  expect(done).toHaveLength(2)
  vi.advanceTimersByTime(40)
  expect(done).toHaveLength(3)
})

it('nothing is done any more once it was stopped', () => {
  const { done, run } = work(10)
  const pace = createPace(run)
  pace.ask()
  pace.ask()
  pace.stop()
  vi.advanceTimersByTime(1000)
  expect(done).toHaveLength(1)
})
