// @vitest-environment happy-dom
// The dial and the rows below it.
import { shortCount } from '#shared/family/names.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { useCorporaStore } from '#renderer/stores/corpora.ts'
import { useDialStore } from '#renderer/stores/dial.ts'
import { useLabStore } from '#renderer/stores/lab.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { loadStores, openWindow } from '../support/window.ts'

beforeEach(async () => {
  openWindow()
  await loadStores()
  await useStudiesStore().create('mine')
})
const rows = () => useStudiesStore().current!.ladder.members

describe('the dial', () => {
  it('makes a ladder that costs at most what it says', () => {
    const dial = useDialStore()
    const plan = usePlanStore()
    for (const flops of [1e13, 1e15, 1e17]) {
      dial.setCompute(flops)
      expect(plan.totals.flops).toBeLessThanOrEqual(flops * 1.02)
      expect(plan.totals.flops).toBeGreaterThan(flops * 0.3)
    }
  })

  it('turned to a time, fills about that time on this machine', () => {
    const dial = useDialStore()
    dial.setSeconds(3600)
    expect(dial.kind).toBe('time')
    expect(usePlanStore().totals.seconds).toBeLessThanOrEqual(3700)
    expect(usePlanStore().totals.seconds).toBeGreaterThan(900)
  })

  it('keeps the size of the ladder when its kind changes', () => {
    const dial = useDialStore()
    dial.setLargest(2e6)
    const before = usePlanStore().totals.flops
    dial.setKind('compute')
    expect(usePlanStore().totals.flops / before).toBeGreaterThan(0.4)
    expect(usePlanStore().totals.flops / before).toBeLessThan(1.05)
  })

  it('brings a preset with its recipe and tokenizer', () => {
    useDialStore().setPreset('cerebras-gpt')
    const study = useStudiesStore().current!
    expect(study.tokenizer).toEqual({ kind: 'gpt2' })
    expect(study.recipe.context).toBe(2048)
    expect(rows()).toHaveLength(7)
    expect(usePlanStore().plans.some((plan) => plan.refusal?.includes('memory'))).toBe(true)
  })
})

describe('another tokenizer', () => {
  it('takes the ladder and its names along, and nobody has edited it', () => {
    const dial = useDialStore()
    const plan = usePlanStore()
    dial.setLargest(60_000)
    const before = rows()
    useStudiesStore().change({ tokenizer: { kind: 'bytes' } })
    expect(rows()).not.toEqual(before)
    expect(dial.isEdited).toBe(false)
    for (const { name, parameters } of plan.plans) expect(name).toBe(shortCount(parameters))
    dial.nameMember(rows()[0].id, ' tiny ')
    expect(plan.plans[0].name).toBe('tiny')
    expect(dial.isEdited).toBe(true)
    useStudiesStore().change({ tokenizer: { kind: 'gpt2' } })
    expect(plan.plans[0].name).toBe('tiny')
    expect(plan.plans[1].name).toBe(shortCount(plan.plans[1].parameters))
    dial.nameMember(rows()[0].id, '')
    expect(plan.plans[0].name).toBe(shortCount(plan.plans[0].parameters))
  })

  it('keeps a time, once it was the time that was asked for', async () => {
    const dial = useDialStore()
    dial.setSeconds(3600)
    useStudiesStore().change({ tokenizer: { kind: 'bytes' } })
    await nextTick()
    expect(dial.kind).toBe('time')
    expect(dial.isEdited).toBe(false)
    expect(usePlanStore().totals.seconds).toBeGreaterThan(900)
    expect(usePlanStore().totals.seconds).toBeLessThanOrEqual(3700)
  })
})

describe('a row', () => {
  it('is edited in place, and says so', () => {
    const dial = useDialStore()
    expect(dial.isEdited).toBe(false)
    const [first] = rows()
    dial.editMember(first.id, { layers: 4 })
    expect(rows()[0].layers).toBe(4)
    expect(rows()[0].name).not.toBe(first.name) // a name that only says the size follows it
    expect(dial.isEdited).toBe(true)
    dial.reset()
    expect(rows()[0].layers).toBe(first.layers)
  })

  it('with heads that do not divide its width is refused with the reason', () => {
    const dial = useDialStore()
    dial.editMember(rows()[3].id, { heads: 7 })
    const plan = usePlanStore()
    expect(plan.planById.get(rows()[3].id)!.refusal).toMatch(/7 heads do not divide/)
    expect(plan.trainable).toHaveLength(4)
  })

  it('switched off is in the table and not in the sums', () => {
    const dial = useDialStore()
    const before = usePlanStore().totals.flops
    dial.editMember(rows()[4].id, { isEnabled: false })
    expect(rows()).toHaveLength(5)
    expect(usePlanStore().totals.flops).toBeLessThan(before / 2)
  })

  it('is added above the largest under a name of its own', () => {
    const dial = useDialStore()
    dial.addMember()
    dial.addMember()
    expect(rows()).toHaveLength(7)
    expect(new Set(rows().map((member) => member.id)).size).toBe(7)
    const sizes = usePlanStore().plans.map((plan) => plan.parameters)
    expect(sizes[6]).toBeGreaterThan(1.5 * sizes[5])
    dial.removeMember(rows()[6].id)
    expect(rows()).toHaveLength(6)
  })
})

it('epochs are known once the text is cut into tokens', async () => {
  const plan = usePlanStore()
  expect(plan.totals.epochs).toBeNull()
  const study = useStudiesStore().current!
  await useCorporaStore().tokenize(study.corpusId, study.tokenizer)
  expect(plan.totals.epochs).toBeCloseTo(Math.max(...plan.plans.map((one) => one.tokens)) / 4e6)
})

it('the theme follows what a person chose', async () => {
  const lab = useLabStore()
  await lab.change({ theme: 'dark' })
  expect(lab.isDark).toBe(true)
  await lab.change({ theme: 'light' })
  expect(lab.isDark).toBe(false)
})
