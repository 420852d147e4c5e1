// Closing while training.
import { describe, expect, it, vi } from 'vitest'
import { closeWhileTraining, type ClosingChoice } from '#main/doors/electron/closing.ts'
import { defaultSettings, type Settings } from '#shared/settings.ts'
import { runSummary } from '../../../support/run-summary.ts'
import { scriptedLab } from '../../../support/scripted-lab.ts'

function training(setting: Settings['onCloseWhileTraining']) {
  const done: string[] = []
  const lab = scriptedLab('/nowhere', {
    settings: async () => ({ ...defaultSettings, onCloseWhileTraining: setting }),
    updateSettings: async (changes) => {
      done.push(`settings ${changes.onCloseWhileTraining}`)
      return defaultSettings
    },
    listRuns: async () => [
      runSummary({ id: 'old', state: 'finished' }),
      runSummary({ id: 'now', state: 'running' }),
      runSummary({ id: 'next', state: 'queued' }),
    ],
    pauseRun: async (id) => {
      done.push(`pause ${id}`)
      return runSummary({ id })
    },
    stopRun: async (id) => {
      done.push(`stop ${id}`)
      return runSummary({ id })
    },
  })
  lab.isBusy = true
  return { lab, done }
}

const saying = (choice: ClosingChoice, isAlways = false) => vi.fn(async () => ({ choice, isAlways }))

describe('closing the window', () => {
  it('asks nothing when nothing trains', async () => {
    const { lab } = training('ask')
    lab.isBusy = false
    const ask = saying('stay')
    expect(await closeWhileTraining({ lab, ask, canKeep: true })).toBe('close')
    expect(ask).not.toHaveBeenCalled()
  })

  it('does what is answered: the queue first, so that nothing starts in between', async () => {
    for (const [choice, next, done] of [
      ['keep', 'hide', []],
      ['stay', 'stay', []],
      ['pause', 'close', ['pause next', 'pause now']],
      ['stop', 'close', ['stop next', 'stop now']],
    ] as const) {
      const scene = training('ask')
      expect(await closeWhileTraining({ lab: scene.lab, ask: saying(choice), canKeep: true })).toBe(next)
      expect(scene.done).toEqual(done)
    }
  })

  it('does as the settings say without asking', async () => {
    const keeping = training('keep')
    const ask = saying('stop')
    expect(await closeWhileTraining({ lab: keeping.lab, ask, canKeep: true })).toBe('hide')
    const pausing = training('pause')
    expect(await closeWhileTraining({ lab: pausing.lab, ask, canKeep: true })).toBe('close')
    expect(pausing.done).toEqual(['pause next', 'pause now'])
    expect(ask).not.toHaveBeenCalled()
  })

  it('asks before it quits, because nothing goes on after that', async () => {
    const { lab, done } = training('keep')
    const ask = saying('stop')
    expect(await closeWhileTraining({ lab, ask, canKeep: false })).toBe('close')
    expect(ask).toHaveBeenCalledOnce()
    expect(done).toEqual(['stop next', 'stop now'])
  })

  it('remembers an answer that is to hold always, but never to stop', async () => {
    const pausing = training('ask')
    await closeWhileTraining({ lab: pausing.lab, ask: saying('pause', true), canKeep: true })
    expect(pausing.done[0]).toBe('settings pause')
    const stopping = training('ask')
    await closeWhileTraining({ lab: stopping.lab, ask: saying('stop', true), canKeep: true })
    expect(stopping.done).toEqual(['stop next', 'stop now'])
  })

  it('closes although a run finished in the meantime', async () => {
    const { lab } = training('pause')
    lab.pauseRun = async () => {
      throw new Error('It has finished.')
    }
    expect(await closeWhileTraining({ lab, ask: saying('stay'), canKeep: true })).toBe('close')
  })
})
