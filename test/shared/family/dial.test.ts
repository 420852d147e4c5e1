import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialForSeconds, headsForWidth, ladderFromDial, layersForWidth } from '#shared/family/dial.ts'
import { shortCount } from '#shared/family/names.ts'
import { planLadder } from '#shared/family/plan.ts'
import { findPreset, presets, starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { countParameters } from '#shared/family/shape.ts'

const plansOf = (dial: Parameters<typeof ladderFromDial>[0], vocabulary = 512, recipe = defaultRecipe) =>
  planLadder(ladderFromDial(dial, recipe, vocabulary), { recipe, vocabulary }, null, null)

describe('the dial', () => {
  it('makes members that can be trained, in ascending size, each clearly larger than the last', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 4, max: 10, noNaN: true }),
        fc.constantFrom(257, 512, 8192, 50257),
        (magnitude, vocabulary) => {
          const plans = plansOf({ kind: 'largest', parameters: 10 ** magnitude }, vocabulary)
          expect(plans.length).toBeGreaterThanOrEqual(1)
          expect(plans.length).toBeLessThanOrEqual(8)
          expect(new Set(plans.map((plan) => plan.memberId)).size).toBe(plans.length)
          plans.forEach((plan, i) => {
            expect(plan.refusal).toBeNull()
            expect(plan.shape.width % plan.shape.heads).toBe(0)
            if (i > 0) {
              const ratio = plan.parameters / plans[i - 1].parameters
              expect(ratio).toBeGreaterThan(1.3)
              expect(ratio).toBeLessThan(4)
            }
          })
        },
      ),
      { numRuns: 60 },
    )
  })

  it('reaches the largest size asked for', () => {
    for (const parameters of [1e5, 1e6, 1e7, 1e8, 1e9, 13e9]) {
      const plans = plansOf({ kind: 'largest', parameters }, 512)
      expect(Math.abs(Math.log(plans[plans.length - 1].parameters / parameters))).toBeLessThan(0.2)
    }
  })

  it('begins near 30 thousand parameters where the vocabulary allows', () => {
    expect(plansOf({ kind: 'largest', parameters: 1e6 }, 512)[0].parameters).toBeCloseTo(30_000, -3)
    expect(plansOf({ kind: 'largest', parameters: 1e8 }, 50257)[0].parameters).toBe(
      countParameters({ layers: 2, width: 24, heads: 1, context: 128, vocabulary: 50257 }),
    )
  })

  it('spends nearly all of a budget on the whole ladder and never much more', () => {
    for (const flops of [1e13, 1e14, 1e15, 1e17, 1e20]) {
      for (const convention of ['sixNd', 'cerebras'] as const) {
        const plans = plansOf({ kind: 'compute', flops }, 2048, { ...defaultRecipe, flopsConvention: convention })
        const spent = plans.reduce((sum, plan) => sum + plan.flops[convention], 0)
        expect(spent).toBeLessThan(1.001 * flops)
        expect(spent).toBeGreaterThan(0.5 * flops)
      }
    }
  })

  it('gives more for more', () => {
    let before = 0
    for (let flops = 1e13; flops < 1e19; flops *= 3) {
      const plans = plansOf({ kind: 'compute', flops })
      const largest = plans[plans.length - 1].parameters
      expect(largest).toBeGreaterThanOrEqual(before)
      before = largest
    }
  })

  it('fills a time on this machine', () => {
    const machine = {
      memoryBytes: 8e9,
      calibration: [
        { width: 64, flopsPerSecond: 5e10 },
        { width: 256, flopsPerSecond: 1e11 },
      ],
    }
    const dial = dialForSeconds(3600, defaultRecipe, 512, machine)!
    const plans = planLadder(
      ladderFromDial(dial, defaultRecipe, 512),
      { recipe: defaultRecipe, vocabulary: 512 },
      null,
      machine,
    )
    const seconds = plans.reduce((sum, plan) => sum + plan.seconds!, 0)
    expect(seconds).toBeLessThan(3601)
    expect(seconds).toBeGreaterThan(1800)
    expect(dialForSeconds(3600, defaultRecipe, 512, { calibration: [] })).toBeNull()
  })

  it('shapes members as the published families are shaped', () => {
    expect([768, 1088, 1536, 2560, 5120].map(layersForWidth)).toEqual([10, 14, 19, 32, 40])
    for (const width of [64, 128, 256, 768, 2048]) {
      const size = width / headsForWidth(width)
      expect(size).toBeGreaterThanOrEqual(16)
      expect(size).toBeLessThanOrEqual(width >= 2048 ? 128 : 64)
    }
  })

  it('names members by their size', () => {
    expect([29_856, 141_056, 999_600, 1_315_723_264, 512].map(shortCount)).toEqual([
      '29.9k',
      '141k',
      '1.00M',
      '1.32B',
      '512',
    ])
  })
})

describe('presets', () => {
  it('each give a ladder whose names say its sizes, with a source', () => {
    expect(presets[0].id).toBe(starterPreset)
    for (const preset of presets) {
      expect(preset.source.length).toBeGreaterThan(3)
      const { ladder, recipe, tokenizer } = studyPartsOf(preset.id)
      const vocabulary = tokenizer?.kind === 'bpe' ? tokenizer.vocabulary : 50257
      for (const plan of planLadder(ladder, { recipe, vocabulary }, null, null)) {
        expect([preset.id, plan.refusal]).toEqual([preset.id, null])
        if (preset.kind === 'desktop') expect(plan.name).toBe(shortCount(plan.parameters))
      }
      expect(new Set(ladder.members.map((member) => member.id)).size).toBe(ladder.members.length)
    }
  })

  it('can be dialled like any other ladder, and are copies', () => {
    const ladder = ladderFromDial({ kind: 'preset', preset: 'starter' }, defaultRecipe, 512)
    ladder.members[0].width = 1
    expect(findPreset('starter').members[0].width).not.toBe(1)
    expect(() => findPreset('no such')).toThrow(/no family called "no such"/)
  })
})
