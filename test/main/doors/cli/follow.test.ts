// How a command ends whose runs did not finish: what happened, and how it goes on where it can.
import { expect, it } from 'vitest'
import type { Corpus } from '#shared/corpus.ts'
import type { RunSummary } from '#shared/run.ts'
import { followRuns } from '#main/doors/cli/follow.ts'
import { corpusReady } from '#main/doors/cli/lab.ts'
import type { CommandContext } from '#main/doors/cli/program.ts'
import type { LabHost } from '#main/lab/lab.ts'

const run = (changes: Partial<RunSummary>) =>
  ({ id: 'a1', name: '43.9k', state: 'finished', step: 70, steps: 140, message: null, ...changes }) as RunSummary

/** Follows runs of a lab in which nothing happens any more; what is noted on the way is gathered. */
async function follow(runs: RunSummary[]) {
  const notes: string[] = []
  const lab = { listRuns: async () => runs, listen: () => () => undefined } as unknown as LabHost
  const terminal = { note: (line: string) => notes.push(line), progress: () => undefined }
  const context = { terminal, signal: new AbortController().signal } as unknown as CommandContext
  const ids = runs.map(({ id }) => id)
  const outcome = await followRuns(lab, ids, context).catch((error: Error) => error.message)
  return { outcome, notes }
}

it('says how a run goes on that the machine got in the way of, and not of one that diverged', async () => {
  const full = { message: 'The disk is full.', code: 'disk-full' } as const
  expect((await follow([run({ state: 'failed', ...full })])).outcome).toBe(
    'The disk is full. Continue with `isoflop resume a1`.',
  )
  expect((await follow([run({ state: 'interrupted' })])).outcome).toBe(
    'The run 43.9k is interrupted at step 70 of 140. Continue with `isoflop resume a1`.',
  )
  const diverged = run({ state: 'failed', code: 'diverged', message: 'The loss became NaN.' })
  expect((await follow([diverged])).outcome).toBe('The loss became NaN.')
})

it('does not wait behind a run that a full disk paused', async () => {
  const held = run({ state: 'paused', code: 'disk-full', message: 'The disk is full.' })
  expect((await follow([held, run({ id: 'b2', state: 'queued' })])).outcome).toContain(
    'Continue with `isoflop resume a1`',
  )
})

it('tells each finished run once', async () => {
  const { outcome, notes } = await follow([run({ parameters: 43_904, elapsedMs: 1000, loss: 5, validationLoss: null })])
  expect(outcome).toHaveLength(1)
  expect(notes).toEqual([expect.stringMatching(/^43\.9k .*loss 5\.0000, validation -/)])
})

it('nor does a text wait behind one that a full disk paused, and one that failed says as what', async () => {
  const text = (changes: Partial<Corpus>) => ({ id: 'mine', name: 'Mine', message: null, ...changes }) as Corpus
  const ready = (...corpora: Corpus[]) => {
    const lab = { listCorpora: async () => corpora, listen: () => () => undefined } as unknown as LabHost
    const terminal = { progress: () => undefined }
    const context = { terminal, signal: new AbortController().signal } as unknown as CommandContext
    return corpusReady(lab, 'mine', context).catch((error: unknown) => error)
  }
  const held = text({ id: 'bundled', state: 'paused', code: 'disk-full' })
  const behind = text({ state: 'queued', code: 'disk-full', message: 'It waits.' }) // as the queue marks it
  expect(await ready(held, behind)).toMatchObject({ code: 'disk-full', message: 'It waits.' })
  expect(await ready(held, text({ state: 'finished' }))).toMatchObject({ state: 'finished' })
  const damaged = text({ state: 'failed', code: 'damaged', message: 'It is damaged.' })
  expect(await ready(damaged)).toMatchObject({ code: 'damaged', message: 'It is damaged.' })
})
