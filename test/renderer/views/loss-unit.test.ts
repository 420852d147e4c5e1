// @vitest-environment happy-dom
// One choice of the unit of losses: charts, tables and the next window follow it, fits do not.
import { beforeEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import { useCommands } from '#renderer/stores/commands.ts'
import { useCorporaStore } from '#renderer/stores/corpora.ts'
import { useLawShown } from '#renderer/stores/law-shown.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { useLossUnit } from '#renderer/stores/loss-unit.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import LawView from '#renderer/views/law/LawView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

test('the law is said in bits per byte, and its error stays', async () => {
  const { corpusId, tokenizer } = useStudiesStore().current!
  const tokens = await fake.request('tokenizeCorpus', corpusId, tokenizer)
  useCorporaStore().tokenized = [tokens]
  const perNat = tokens.tokens.validation / fake.corpora.get(corpusId)!.splits.validation.bytes / Math.LN2
  await useTraining().trainLadder()
  const screen = await showScreen(LawView)
  for (const run of fake.runs.values()) fake.train(run.id, run.steps)
  await drawn()
  const [law, shown, lossUnit] = [useLawStore(), useLawShown(), useLossUnit()]
  const fitted = law.law!
  expect(shown.law).toBe(fitted)
  expect(screen.text()).toContain('L in nats/token')
  const error = screen.view.get('[data-testid=forecast-error] .big').text()

  const toBits = useCommands().commands.value.find(({ text }) => text === 'Losses in bits per byte')!
  toBits.run()
  await drawn()
  await nextTick()
  expect(shown.factor).toBeCloseTo(perNat, 12)
  expect(law.law).toBe(fitted)
  expect(shown.law!.heldOut[0]!.measured).toBeCloseTo(fitted.heldOut[0]!.measured * perNat, 12)
  expect(shown.standings[0]!.loss).toBeCloseTo(law.standings[0]!.loss! * perNat, 12)
  expect(screen.text()).toContain('L in bits per byte')
  expect(screen.view.get('[data-testid=forecast-error] .big').text()).toBe(error)
  expect(localStorage.getItem('isoflop.loss-unit')).toBe('bits-per-byte')
  lossUnit.unit = 'nats-per-token'
})

test('where nobody knows the bytes of the text, nothing is shown in bits per byte, and it says why', async () => {
  await useTraining().trainLadder()
  const screen = await showScreen(LawView)
  for (const run of fake.runs.values()) fake.train(run.id, run.steps)
  await drawn()
  const lossUnit = useLossUnit()
  useCorporaStore().tokenized = []
  lossUnit.unit = 'bits-per-byte'
  await drawn()
  expect(useLawShown().factor).toBeNull()
  expect(screen.view.get('[data-testid=no-bytes]').text()).toContain('not tokenized here')
  lossUnit.unit = 'nats-per-token'
})
