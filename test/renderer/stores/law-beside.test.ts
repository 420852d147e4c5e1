// @vitest-environment happy-dom
// What stands beside the law: checks of muP, published overlays, and what a budget would buy.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { useAllocationStore } from '#renderer/stores/allocation.ts'
import { useChecksStore } from '#renderer/stores/checks.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { useOverlaysStore } from '#renderer/stores/overlays.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { RunSummary } from '#shared/run.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow } from '../support/window.ts'

let lab: FakeLab
beforeEach(async () => {
  lab = openWindow().fake
  await loadStores()
  await useStudiesStore().create('mine')
})
const study = () => useStudiesStore().current!

describe('the checks of a study', () => {
  it('are started, watched by news and cancelled', async () => {
    const checks = useChecksStore()
    await checks.start('coordinates')
    const check = checks.latest('coordinates')!
    expect(check).toMatchObject({ kind: 'coordinates', state: 'running', studyId: study().id })
    lab.tell('check', { ...check, share: 0.5 })
    expect(checks.latest('coordinates')!.share).toBe(0.5)
    lab.tell('check', { ...check, id: 'other', studyId: 'another study' })
    expect(checks.checks).toHaveLength(1)
    await checks.stop(check)
    expect(checks.latest('coordinates')).toBeNull() // cancelled before it found anything
    expect(checks.latest('transfer')).toBeNull()
  })
})

describe('published overlays', () => {
  it('say what keeps them from being compared, and are told apart from those that may be', () => {
    const overlays = useOverlaysStore()
    expect(overlays.shown).toEqual([])
    overlays.show('cerebras-gpt models', true)
    expect(overlays.shown).toHaveLength(1)
    expect(overlays.shown[0].differences.length).toBeGreaterThan(0)
    useStudiesStore().change({ tokenizer: { kind: 'gpt2' } })
    expect(overlays.shown[0].differences.some((one) => one.includes('tokenizer'))).toBe(false)
    expect(overlays.shown[0].differences.some((one) => one.includes('Pile'))).toBe(true)
    overlays.show('cerebras-gpt models', false)
    expect(overlays.shown).toEqual([])
  })

  it('have points where they were published, in the study’s counting where that is known', () => {
    const overlays = useOverlaysStore()
    const family = () => overlays.all.find(({ id }) => id === 'cerebras-gpt models')!
    const law = overlays.all.find(({ id }) => id === 'cerebras-gpt')!
    useStudiesStore().change({ recipe: { ...study().recipe, flopsConvention: 'sixNd' } })
    expect(family().points[0]).toMatchObject({ x: 1.47981e18, y: 2.608, name: '111M' })
    useStudiesStore().change({ recipe: { ...study().recipe, flopsConvention: 'cerebras' } })
    expect(family().points[0].x).toBe(2.6e18)
    expect(law.points[0].y).toBeCloseTo((2.6e18 / 5.984e22) ** -0.0737 + 0.5066, 6)
    useStudiesStore().change({ recipe: { ...study().recipe, flopsConvention: 'palm' } })
    expect(family().differences.some((one) => one.includes('FLOPs'))).toBe(true)
  })
})

describe('a budget', () => {
  const surface = { E: 1.7, A: 80, B: 300, alpha: 0.35, beta: 0.37 }
  const finish = (cooldowns: boolean) => {
    for (const [i, parameters] of [3e4, 6e4, 1.4e5, 3e5, 8e5].entries()) {
      const steps = 1000
      const tokens = (cooldowns ? 40 : 20) * parameters
      const loss = (share: number) => evaluateSurface(surface, parameters, share * tokens)
      const memberId = `member-${i}`
      const run = {
        id: `run-${i}`,
        studyId: study().id,
        memberId,
        name: memberId,
        state: 'finished',
        step: steps,
        steps,
        tokens,
        parameters,
        flops: 6 * parameters * tokens,
        flopsPerToken: 6 * parameters,
        validationLoss: loss(1),
        createdMs: i,
        checkpoints: [],
        ...(cooldowns ? { cooldowns: [250, 500, 1000] } : {}),
      } as unknown as RunSummary
      lab.records.set(run.id, {
        runId: run.id,
        steps: [],
        samples: [],
        validations: [0.25, 0.5, 1].map((share) => ({
          step: share * steps,
          tokens: share * tokens,
          loss: loss(share),
          elapsedMs: 0,
        })),
      })
      lab.runs.set(run.id, run)
      lab.tell('run', run)
    }
  }

  it('is answered by the one-line laws, and by the surfaces with the sentence that says what they lack', async () => {
    finish(false)
    const allocation = useAllocationStore()
    allocation.budget = 1e13
    await vi.waitFor(() => expect(allocation.rows).toHaveLength(4))
    const [power, offset, squares, huber] = allocation.rows
    for (const { answer } of [power, offset]) {
      expect(answer!.parameters).toBeCloseTo(Math.sqrt(1e13 / 120), 3)
      expect(answer!.tokens / answer!.parameters).toBeCloseTo(20, 9)
      expect(answer!.seconds).toBeGreaterThan(0)
      expect(answer!.interval!.low).toBeLessThanOrEqual(answer!.loss)
    }
    for (const { problem } of [squares, huber]) expect(problem).toMatch(/Tokens follow from parameters/)
  })

  it('is split by the surfaces once runs hold and decay thrice', async () => {
    finish(true)
    for (let i = 0; i < 5; i++) await useRunsStore().fetchCurve(`run-${i}`)
    const allocation = useAllocationStore()
    expect(allocation.surfacePoints).toHaveLength(15)
    allocation.budget = 1e13
    await vi.waitFor(() => expect(allocation.rows).toHaveLength(4))
    for (const { answer, fit } of allocation.rows.slice(2)) {
      // No noise: what was put in comes out again.
      const G = ((surface.alpha * surface.A) / (surface.beta * surface.B)) ** (1 / (surface.alpha + surface.beta))
      const expected = G * (1e13 / 6) ** (surface.beta / (surface.alpha + surface.beta))
      expect(Math.abs(answer!.parameters / expected - 1), fit).toBeLessThan(0.05)
      expect(answer!.loss).toBeCloseTo(evaluateSurface(surface, expected, 1e13 / 6 / expected), 2)
    }
  })

  it('reads the law at the rest that is chosen', async () => {
    finish(true)
    for (let i = 0; i < 5; i++) await useRunsStore().fetchCurve(`run-${i}`)
    const law = useLawStore()
    expect(law.hasCooldowns).toBe(true)
    const flopsAt = (cooldown: number) => {
      law.cooldown = cooldown
      return law.standings.filter(({ run }) => run).map(({ flops }) => flops)
    }
    const [half, once, twice] = [0, 1, 2].map(flopsAt)
    expect(once[0] / half[0]).toBeCloseTo(2, 9)
    expect(twice[0] / once[0]).toBeCloseTo(2, 9)
    expect(once[0]).toBeCloseTo(6 * 20 * 3e4 ** 2, 0)
  })
})
