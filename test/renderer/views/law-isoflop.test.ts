// @vitest-environment happy-dom
// IsoFLOP and optimal N and D as views of the large chart; a minimum outside the sizes is bracketed by one press.
import { beforeEach, expect, test } from 'vitest'
import { isoflopMembers } from '#shared/family/additions.ts'
import { useSizesStore } from '#renderer/stores/law-sizes.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import LawView from '#renderer/views/law/LawView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

/** Profiles whose losses fall towards the smallest size, so that their minima lie outside. */
async function trained() {
  const studies = useStudiesStore()
  const members = isoflopMembers({ budgets: [2e12, 8e12], sizes: 5, span: 2 }, usePlanStore().basis!)
  studies.change({ ladder: { dial: studies.current!.ladder.dial, members } })
  await useTraining().trainLadder()
  for (const run of [...fake.runs.values()]) {
    const validationLoss = 3 + 0.4 * (Math.log10(run.parameters) - 3.5) ** 2
    const done = { ...run, state: 'finished' as const, step: run.steps, validationLoss, loss: validationLoss }
    fake.runs.set(run.id, done)
    fake.tell('run', done)
  }
  await drawn()
}

test('the views say what they lack, and one press adds the members that bracket a minimum', async () => {
  const screen = await showScreen(LawView)
  await useTraining().trainLadder()
  await drawn()
  await screen.press('IsoFLOP')
  expect(screen.view.get('[data-testid=isoflop-chart]').text()).toContain('three finished members of different size')
  await trained()
  const { brackets } = useSizesStore()
  expect(brackets.map(({ side }) => side)).toEqual(['smaller', 'smaller'])
  const before = useStudiesStore().current!.ladder.members.length
  await screen.press('Optimal size')
  await screen.view.findAll('[data-testid=add-bracket]')[0].trigger('click')
  const added = useStudiesStore().current!.ladder.members.slice(before)
  expect(added.map(({ name }) => name)).toEqual(brackets[0].members.map(({ name }) => name))
  const same = useSizesStore().points.filter(({ budget }) => budget === brackets[0].budget)
  const smallest = Math.min(...same.map(({ parameters }) => parameters))
  const plans = usePlanStore().planById
  for (const { id } of added) expect(plans.get(id)!.parameters).toBeLessThan(smallest)
  await screen.press('Optimal N and D')
  expect(screen.view.get('[data-testid=exponents]').text()).toContain('Chinchilla')
})
