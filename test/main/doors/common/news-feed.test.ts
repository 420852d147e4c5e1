// News on its way to a window.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startNewsFeed } from '#main/doors/common/news-feed.ts'
import { runSummary } from '../../../support/run-summary.ts'
import { scriptedLab } from '../../../support/scripted-lab.ts'

const step = (number: number) => ({
  step: number,
  tokens: number,
  loss: 1,
  gradientNorm: 1,
  learningRate: 1,
  elapsedMs: number,
})
const records = (runId: string, ...steps: number[]) => ({ runId, steps: steps.map(step), validations: [], samples: [] })

describe('the news feed', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('gathers records and sends one message a run, in order', () => {
    const lab = scriptedLab('/nowhere')
    const sent: unknown[] = []
    startNewsFeed({ source: lab, send: (kind, value) => sent.push([kind, value]), gatherMs: 50 })
    lab.tell('records', records('a', 1))
    lab.tell('records', records('b', 1))
    lab.tell('records', records('a', 2, 3))
    expect(sent).toEqual([])
    vi.advanceTimersByTime(50)
    expect(sent).toEqual([
      ['records', records('a', 1, 2, 3)],
      ['records', records('b', 1)],
    ])
    vi.advanceTimersByTime(500)
    expect(sent).toHaveLength(2)
  })

  it("sends everything else at once, and a run's records before its end", () => {
    const lab = scriptedLab('/nowhere')
    const sent: string[] = []
    startNewsFeed({ source: lab, send: (kind) => sent.push(kind) })
    lab.tell('records', records('run', 99, 100))
    lab.tell('run', runSummary({ state: 'finished' }))
    expect(sent).toEqual(['records', 'run'])
  })

  it('never changes what it was given: another window gets the same', () => {
    const lab = scriptedLab('/nowhere')
    startNewsFeed({ source: lab, send: () => {} })
    startNewsFeed({ source: lab, send: () => {} })
    const first = records('a', 1)
    lab.tell('records', first)
    lab.tell('records', records('a', 2))
    expect(first.steps).toHaveLength(1)
  })

  it('stops when told, and sends nothing after', () => {
    const lab = scriptedLab('/nowhere')
    const send = vi.fn()
    const stop = startNewsFeed({ source: lab, send })
    lab.tell('records', records('a', 1))
    stop()
    lab.tell('run', runSummary())
    vi.advanceTimersByTime(1000)
    expect(send).not.toHaveBeenCalled()
    expect(lab.listeners()).toBe(0)
  })
})
