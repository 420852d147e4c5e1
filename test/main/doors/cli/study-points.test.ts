// The runs of a study as points: what they read, and the one number that turns their losses into bits per byte.
import { describe, expect, it } from 'vitest'
import type { LabHost } from '#main/lab/lab.ts'
import { lossFactor, runsOfStudy } from '#main/doors/cli/study-points.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'

const { recipe } = studyPartsOf(starterPreset)
const bpe: TokenizerChoice = { kind: 'bpe', vocabulary: 512 }
const ofText = (corpusId: string, tokenizer: TokenizerChoice, validation: number) => ({
  ...{ corpusId, tokenizer, state: 'finished', tokens: { train: 4e6, validation, test: 0 } },
})

/** A lab with one study on text `a` under a BPE, whose runs read these. */
const labOf = (read: { corpusId: string; tokenizer: TokenizerChoice }[], more: object[] = []): LabHost =>
  ({
    listStudies: async () => [{ id: 's', name: 'One', recipe, tokenizer: bpe, corpusId: 'a', isArchived: false }],
    listCorpora: async () => [
      { id: 'a', splits: { validation: { bytes: 3e5 } } },
      { id: 'b', splits: { validation: { bytes: 5e5 } } },
    ],
    listTokenized: async () => [ofText('a', bpe, 1e5), ofText('a', { kind: 'bytes' }, 3.1e5), ofText('b', bpe, 2e5)],
    listRuns: async () =>
      read.map((_, i) => ({
        ...{ id: `r${i}`, memberId: `m${i}`, name: `d${i}`, state: 'finished', setting: `${i}`, seed: 0 },
        ...{ flops: 1e12, parameters: 1e5, tokens: 2e6, validationLoss: 3, createdMs: i, checkpoints: [], steps: 1 },
        ...more[i],
      })),
    readRunPlans: async (ids: string[]) => ids.map((id) => read[Number(id.slice(1))]),
  }) as never

describe('the unit of a study’s losses', () => {
  it('is by the text and the tokenizer that its runs read, whatever the study has now', async () => {
    const then = { corpusId: 'a', tokenizer: { kind: 'bytes' } as const }
    const study = await runsOfStudy(labOf([then, then]), 'One')
    expect(study.runs).toHaveLength(2)
    expect(study.trainTokens).toBe(4e6)
    expect(lossFactor('bits-per-byte', study)).toBeCloseTo(3.1e5 / 3e5 / Math.LN2, 12)
    expect(lossFactor('nats-per-token', study)).toBe(1)
  })

  it('is one for all of them, or said not to be', async () => {
    const on = (corpusId: string) => ({ corpusId, tokenizer: bpe })
    const mixed = await runsOfStudy(labOf([on('a'), on('b')]), 'One')
    expect(() => lossFactor('bits-per-byte', mixed)).toThrow(/read different texts or tokenizers/)
    const gone = await runsOfStudy(labOf([on('c')]), 'One')
    expect(() => lossFactor('bits-per-byte', gone)).toThrow(/not tokenized here/)
    expect(() => lossFactor('bits-per-byte', null)).toThrow(/goes with --study/)
  })
})

it('repeats of a member are told apart by their seeds', async () => {
  const then = { corpusId: 'a', tokenizer: bpe }
  const alike = [0, 1].map((seed) => ({ memberId: 'm', name: 'd', setting: 'x', seed }))
  const { runs } = await runsOfStudy(labOf([then, then, then], alike), 'One')
  expect(runs.map(({ name }) => name)).toEqual(['d, seed 0', 'd, seed 1', 'd2'])
})
