// @vitest-environment happy-dom
// The playground: one prompt, several models, stop, again, and what was asked before.
import { beforeEach, expect, test } from 'vitest'
import { useModelsStore } from '#renderer/stores/models.ts'
import { usePlayground } from '#renderer/stores/playground.ts'
import { useTraining } from '#renderer/stores/training.ts'
import { meanSurprise, shadeOf } from '#renderer/views/models/probability-colours.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, openStudy } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
  await useTraining().trainLadder()
  for (const run of fake.runs.values()) fake.train(run.id, run.steps)
  await drawn()
  await useModelsStore().load()
})
const asked = () => fake.asked.filter(({ name }) => name === 'generate').map(({ args }) => args)

test('one prompt is asked of the chosen model and of those beside it, one after the other', async () => {
  const play = usePlayground()
  const [first, second, third] = useModelsStore().entries
  play.prompt = 'Once'
  play.askBeside(second!.key, true)
  play.askBeside(third!.key, true)
  play.askBeside(third!.key, false)
  await play.write(first!)
  expect(play.answers.map(({ title, state }) => [title, state])).toEqual([
    [expect.stringContaining(first!.name), 'done'],
    [expect.stringContaining(second!.name), 'done'],
  ])
  expect(play.answers.every(({ tokens }) => tokens.every(({ probability }) => probability > 0))).toBe(true)
  expect(asked().map(([subject, options]) => [subject, (options as { prompt: string }).prompt])).toEqual([
    [first!.subject, 'Once'],
    [second!.subject, 'Once'],
  ])
})

test('again draws with the next seed, and history brings prompt and options back', async () => {
  const play = usePlayground()
  const [first] = useModelsStore().entries
  play.prompt = 'Once'
  play.options = { ...play.options, seed: 7 }
  await play.write(first!)
  await play.again(first!)
  expect(asked().map(([, options]) => (options as { seed: number }).seed)).toEqual([7, 8])
  expect(play.history.map(({ prompt, options }) => [prompt, options.seed])).toEqual([
    ['Once', 8],
    ['Once', 7],
  ])
  play.prompt = 'Another'
  play.recall(play.history[1]!)
  expect([play.prompt, play.options.seed]).toEqual(['Once', 7])
  play.forgetAll()
  expect(play.history).toEqual([])
})

test('stopping ends the one that writes and asks no further ones', async () => {
  const play = usePlayground()
  const [first, second] = useModelsStore().entries
  play.beside = [second!.key]
  const writing = play.write(first!)
  play.stop()
  await writing
  expect(play.answers.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  expect(asked()).toHaveLength(1)
  expect(play.isBusy).toBe(false)
})

test('shades go from likely to unlikely, and surprise is the mean of −ln p', () => {
  expect([1, 0.5, 0.49, 0.2, 0.06, 0.02, 0.001, 0].map(shadeOf)).toEqual([0, 0, 1, 1, 2, 3, 4, 4])
  expect(meanSurprise([])).toBeNull()
  expect(meanSurprise([{ probability: Math.exp(-1) }, { probability: Math.exp(-3) }])).toBeCloseTo(2, 12)
})
