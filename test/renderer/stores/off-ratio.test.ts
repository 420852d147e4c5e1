// @vitest-environment happy-dom
// Members off the recipe's ratio: added from the family, on the chart, outside the compute-optimal law, inside
// parabolas and surfaces.
import { beforeEach, describe, expect, it } from 'vitest'
import { useAllocationStore } from '#renderer/stores/allocation.ts'
import { useDialStore } from '#renderer/stores/dial.ts'
import { useSizesStore } from '#renderer/stores/law-sizes.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow } from '../support/window.ts'

let lab: FakeLab
beforeEach(async () => {
  lab = openWindow().fake
  await loadStores()
  await useStudiesStore().create('mine')
})
const members = () => useStudiesStore().current!.ladder.members

describe('in the family', () => {
  it('the same tokens for all are as many rows more, each named after what it gets', () => {
    const dial = useDialStore()
    dial.addMembers(dial.fixedTokens(2e6))
    expect(members()).toHaveLength(10)
    expect(members()[5].name).toMatch(/^43\.9k@45\.6$/)
    for (const { tokens } of usePlanStore().plans.slice(5)) expect(tokens / 2e6).toBeCloseTo(1, 2)
    dial.editMember(members()[5].id, { tokensPerParameter: 100 })
    expect(members()[5].name).toBe('43.9k@100')
    dial.editMember(members()[5].id, { tokensPerParameter: undefined })
    expect(members()[5].name).toBe('43.9k')
  })

  it('a grid is several sizes at each budget, or a sentence', () => {
    const dial = useDialStore()
    dial.addMembers(dial.grid({ budgets: [1e12, 4e12], sizes: 5, span: 4 }))
    const flops = usePlanStore()
      .plans.slice(5)
      .map((plan) => plan.flops.sixNd)
    expect(flops.filter((one) => Math.abs(one / 1e12 - 1) < 0.02).length).toBeGreaterThanOrEqual(3)
    expect(flops.filter((one) => Math.abs(one / 4e12 - 1) < 0.02).length).toBe(5)
    expect(() => dial.grid({ budgets: [1e8], sizes: 5, span: 4 })).toThrow(/too few for a profile/)
  })

  it('published members forget their schedules when the recipe is to decide', () => {
    const dial = useDialStore()
    dial.setPreset('cerebras-gpt')
    useStudiesStore().change({ recipe: { ...useStudiesStore().current!.recipe, tokensPerParameter: 40 } })
    expect(usePlanStore().plans[0].tokens / 111_050_496).toBeCloseTo(20, 1)
    dial.takeRecipe()
    expect(usePlanStore().plans[0].tokens / 111_050_496).toBeCloseTo(40, 1)
  })
})

describe('on the law', () => {
  const finishAll = async () => {
    const runs = useRunsStore()
    await useStudiesStore().save()
    await runs.start(
      useStudiesStore().currentId!,
      members().map(({ id }) => id),
    )
    for (const run of [...lab.runs.values()]) lab.train(run.id, run.steps)
    await expect.poll(() => useLawStore().standings.every(({ loss }) => loss !== null)).toBe(true)
  }

  it('stand on the chart, outside the fit unless a person takes them in, inside surfaces and parabolas', async () => {
    const dial = useDialStore()
    dial.addMembers(dial.grid({ budgets: [1e12, 4e12], sizes: 5, span: 4 }))
    await finishAll()
    const law = useLawStore()
    const off = law.standings.filter(({ ownRatio }) => ownRatio !== null)
    expect(off.length).toBeGreaterThanOrEqual(6)
    expect(law.standings.length).toBe(members().length)
    expect(law.inFit).toHaveLength(law.standings.length - off.length)
    expect(law.offRatio).toHaveLength(off.length)
    expect(useSizesStore().isoflops.fit!.profiles.filter(({ points }) => points >= 3)).toHaveLength(2)
    expect(useAllocationStore().surfacePoints).toHaveLength(members().length)

    const [one] = off
    law.exclude(one.memberId, false)
    expect(law.inFit.map(({ memberId }) => memberId)).toContain(one.memberId)
    law.exclude(one.memberId, true)
    expect(law.inFit.map(({ memberId }) => memberId)).not.toContain(one.memberId)
  })

  it('are warned of as a surface’s points where no member stands on the one-line law', async () => {
    const dial = useDialStore()
    dial.addMembers(dial.grid({ budgets: [1e12, 4e12], sizes: 5, span: 4 }))
    await finishAll()
    const [law, allocation] = [useLawStore(), useAllocationStore()]
    for (const { memberId } of law.inFit) law.exclude(memberId, true)
    allocation.budget = 1e16
    await expect.poll(() => allocation.warnings.map(({ kind }) => kind), { timeout: 20_000 }).toEqual(['far-forecast'])
  })

  it('get no forecast of a law that is not theirs', async () => {
    const dial = useDialStore()
    await finishAll()
    dial.addMembers(dial.fixedTokens(2e6))
    const law = useLawStore()
    await expect.poll(() => law.law?.fit?.points).toBe(5)
    const waiting = law.standings.filter(({ loss }) => loss === null)
    expect(waiting).toHaveLength(5)
    for (const one of waiting) expect(law.forecastOf(one)).toBeNull()
  })

  it('of another recipe are left out, once the recipe says otherwise', async () => {
    await finishAll()
    const studies = useStudiesStore()
    studies.change({ recipe: { ...studies.current!.recipe, tokensPerParameter: 40 } })
    expect(useLawStore().inFit).toEqual([])
    expect(useLawStore().offRatio).toHaveLength(5)
  })
})
