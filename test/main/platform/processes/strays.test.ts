// A failure that reaches nobody is written down, whatever it is, and ends no host.
import { expect, it } from 'vitest'
import { surviveStrays } from '#main/platform/processes/strays.ts'

it.each(['unhandledRejection', 'uncaughtException'] as const)('%s is said, and nothing else happens', (event) => {
  const said: string[] = []
  const before = new Set<unknown>(process.listeners(event as 'uncaughtException'))
  surviveStrays((words) => said.push(words))
  for (const one of ['unhandledRejection', 'uncaughtException'])
    for (const listener of process.listeners(one as 'uncaughtException')) {
      if (before.has(listener) || !String(listener).includes('nobody took')) continue
      process.off(one, listener)
      if (one !== event) continue
      for (const reason of [new Error('from nowhere'), 'a text', null, { toString: 1 }, Object.create(null)])
        listener(reason as Error, event)
    }
  expect(said).toHaveLength(5)
  expect(said[0]).toMatch(/^A failure that nobody took: Error: from nowhere/)
  expect(said[3]).toBe('A failure that nobody took: it cannot be put in words')
})
