// @vitest-environment happy-dom
// The end of a ladder: what was predicted and what came, said once, with ways on; and the report of the study.
import { beforeEach, expect, test, vi } from 'vitest'
import { useAllocationStore } from '#renderer/stores/allocation.ts'
import { useReportStore } from '#renderer/stores/report.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import ArrivalCard from '#renderer/views/law/ArrivalCard.vue'
import ReportView from '#renderer/views/shell/ReportView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

async function trainAll(): Promise<void> {
  await useTraining().trainLadder()
  for (const run of [...fake.runs.values()]) fake.train(run.id, run.steps)
  await vi.waitFor(() => expect(useLawStore().law?.heldOut[0]).toBeTruthy(), { timeout: 10_000 })
  await drawn()
}

test('says what was predicted, what was measured and how far off, and is silent before the last has finished', async () => {
  const screen = await showScreen(ArrivalCard)
  expect(screen.text()).toBe('')
  await trainAll()
  expect(screen.text()).toMatch(
    /279k: Predicted \d\.\d{3} before it trained, measured \d\.\d{3} nats\/token: [\d.]+ % off\./,
  )
  await screen.press('Close')
  expect(screen.text()).toBe('')
})

test('leads to a forecast of ten times the compute and to the largest model', async () => {
  const screen = await showScreen(ArrivalCard)
  await trainAll()
  const largest = useLawStore().inFit.at(-1)!
  const forecast = screen.view.findAll('button').find((one: any) => one.text().startsWith('Forecast'))!
  await forecast.trigger('click')
  expect(useAllocationStore().budget).toBe(largest.flops * 10)
  await screen.press('Prompt the largest')
  expect([useShellStore().view, useShellStore().checkpointRunId]).toEqual(['models', largest.run!.id])
})

test('the report leaves out what a person took out of the fit, and is shown apart from the window', async () => {
  await trainAll()
  const { memberId } = useLawStore().standings[0]
  useLawStore().exclude(memberId, true)
  await useReportStore().open()
  expect(lastAsked(fake, 'report')).toEqual([useStudiesStore().currentId, [memberId], 'nats-per-token'])
  await showScreen(ReportView)
  const page = document.querySelector('[data-testid=report-page]')!
  expect(page.shadowRoot!.querySelector('h1')!.textContent).toBe('A study')
  expect(page.shadowRoot!.querySelector('style')).toBeNull()
  useReportStore().close()
  await drawn()
  expect(document.querySelector('[data-testid=report-page]')).toBeNull()
})
