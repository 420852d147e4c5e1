// What the desktop shows of the runs.
import { describe, expect, it } from 'vitest'
import { watchRuns } from '#main/doors/electron/progress.ts'
import { runSummary } from '../../../support/run-summary.ts'

const small = (changes = {}) => runSummary({ id: 'small', name: 'small', flops: 1e12, ...changes })
const large = (changes = {}) => runSummary({ id: 'large', name: 'large', flops: 9e12, ...changes })

describe('the bar in the task bar', () => {
  it('weighs runs by their compute and never goes back while a queue is worked off', () => {
    const watch = watchRuns()
    const news = [
      small({ state: 'queued' }),
      large({ state: 'queued' }),
      small({ state: 'running' }),
      small({ step: 50 }),
      small({ state: 'finished', step: 100 }),
      large({ state: 'running' }),
      large({ step: 50 }),
      large({ state: 'finished', step: 100 }),
    ]
    expect(news.map((run) => watch.note(run).fraction)).toEqual([null, null, 0, 0.05, null, 0.1, 0.55, null])
  })

  it('starts from nothing when a new queue begins', () => {
    const watch = watchRuns()
    watch.note(small({ state: 'running', step: 99 }))
    watch.note(small({ state: 'finished', step: 100 }))
    expect(watch.note(large({ step: 0 })).fraction).toBe(0)
  })

  it('leaves with the training: paused, stopped, interrupted and failed runs have none', () => {
    for (const state of ['paused', 'cancelled', 'interrupted', 'failed', 'finished'] as const) {
      const watch = watchRuns()
      expect(watch.note(small({ step: 10 }))).toMatchObject({ isTraining: true, fraction: 0.1 })
      expect(watch.note(small({ step: 10, state }))).toMatchObject({ isTraining: false, fraction: null })
    }
  })

  it('does without a run that was deleted', () => {
    const watch = watchRuns()
    watch.note(large({ state: 'queued' }))
    watch.forget('large')
    expect(watch.note(small({ step: 50 })).fraction).toBe(0.5)
  })
})

describe('the notification', () => {
  it('comes once, when a run that was under way ends, with its loss', () => {
    const watch = watchRuns()
    expect(watch.note(small()).notice).toBeNull()
    expect(watch.note(small({ state: 'finished', validationLoss: 3.25678 })).notice).toEqual({
      title: 'small has finished',
      body: 'Loss 3.257 nats per token after 100 steps.',
    })
    expect(watch.note(small({ state: 'finished', validationLoss: 3.25678 })).notice).toBeNull()
  })

  it('says why a run failed, and nothing of what the person did', () => {
    const failing = watchRuns()
    failing.note(small())
    expect(failing.note(small({ state: 'failed', message: 'The loss became NaN.' })).notice).toEqual({
      title: 'small stopped',
      body: 'The loss became NaN.',
    })
    for (const state of ['paused', 'cancelled'] as const) {
      const watch = watchRuns()
      watch.note(small())
      expect(watch.note(small({ state })).notice).toBeNull()
    }
  })

  it('does not come for runs that ended before anybody looked', () => {
    expect(watchRuns().note(small({ state: 'finished' })).notice).toBeNull()
  })
})
