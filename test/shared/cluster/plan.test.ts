// Plans that cannot be are refused with the numbers that clash; nothing is rounded in silence.
import { describe, expect, it } from 'vitest'
import { estimate } from '#shared/cluster/estimate.ts'
import { readMachine, withFigures } from '#shared/cluster/machine.ts'
import { readGpuPlan, readStreamingPlan } from '#shared/cluster/plan.ts'
import { streamingEstimate } from '#shared/cluster/streaming.ts'
import { readModel } from '#shared/cluster/transformer.ts'
import { findGpuMachine, findMachine, findModel, machines } from '#shared/cluster/presets.ts'

const gpt3 = findModel('gpt3-175b')
const a100 = findGpuMachine('a100-80')
const v100 = findGpuMachine('v100')
const tried =
  (plan: object, model = gpt3, machine = a100) =>
  () =>
    estimate(model, readGpuPlan({ devices: 64, batch: 64, ...plan }), machine)

describe('a plan is refused', () => {
  it.each([
    [{ devices: 60, tensor: 8, pipeline: 8 }, '60 devices do not divide into tensor 8 x pipeline 8 = 64'],
    [{ tensor: 64 }, '96 heads; tensor 64 does not divide'],
    [{ devices: 128, pipeline: 128 }, '128 stages are more than the 96 layers'],
    [{ tensor: 8, pipeline: 8, interleave: 5 }, '96 layers do not divide into pipeline 8 x interleave 5 = 40 chunks'],
    [
      { tensor: 8, pipeline: 8, batch: 63, microBatch: 2 },
      'A batch of 63 does not divide into data 1 x micro-batch 2 = 2',
    ],
    [{ tensor: 8, pipeline: 8, interleave: 3, batch: 60 }, 'the 60 micro-batches to be a multiple of its 8 stages'],
    [{ tensor: 8, interleave: 2, batch: 64 }, 'needs a pipeline of at least 2'],
    [{ sequenceParallel: true }, 'only tensor 1'],
    [{ precision: 'fp8' }, 'no fp8'],
    [{ tensor: 8, colour: 'red' }, 'has no field "colour"'],
    [{ tensor: 0 }, '"tensor" must be a whole number from 1'],
    [{ tensor: 1.5 }, '1.5'],
    [{ recompute: 'some' }, 'none or selective or full'],
  ])('%j', (plan, words) => {
    expect(tried(plan)).toThrow(words)
  })

  it('when its machine lacks the link', () => {
    const alone = withFigures(a100, { networkBytesPerSecond: 0 })
    expect(tried({ tensor: 8, pipeline: 8 }, gpt3, alone)).toThrow('no "networkBytesPerSecond"')
    expect(tried({ tensor: 8, devices: 8 }, gpt3, withFigures(a100, { linkBytesPerSecond: 0 }))).toThrow(
      'no "linkBytesPerSecond"',
    )
    expect(tried({ tensor: 8, precision: 'bf16' }, gpt3, v100)).toThrow('no bf16')
  })

  it('when systems and batch do not divide, or the fabric joins fewer', () => {
    const cs2 = findMachine('cs2') as Extract<(typeof machines)[number], { kind: 'wafer' }>
    const asked = (plan: object) => () => streamingEstimate(gpt3, readStreamingPlan(plan), cs2)
    expect(asked({ systems: 7, batch: 64 })).toThrow('64 does not divide over 7')
    expect(asked({ systems: 193, batch: 193 })).toThrow('193 systems are more than the 192')
    expect(asked({ systems: 2, batch: 12, microBatch: 4 })).toThrow(
      'share of 6 sequences does not divide into micro-batches of 4',
    )
    expect(asked({ systems: 2, batch: 12, tensor: 2 })).toThrow('no field "tensor"')
  })
})

describe('records from outside', () => {
  it('need a source for every number of a machine', () => {
    const file = { id: 'mine', name: 'Mine', kind: 'gpu', formats: ['bf16'], figures: a100.figures }
    expect(readMachine(file)).toMatchObject({ id: 'mine', memoryBytes: 80 * 2 ** 30 })
    const without = { ...file.figures, memoryBytes: { value: 1, source: '', status: 'primary' } }
    expect(() => readMachine({ ...file, figures: without })).toThrow('needs a source')
    expect(() =>
      readMachine({ ...file, figures: { ...file.figures, wheels: { value: 4, source: 'x', status: 'primary' } } }),
    ).toThrow('no figure "wheels"')
    for (const id of [{ toString: 1 }, [{}], '', 'é'.repeat(201)])
      expect(() => readMachine({ ...file, id })).toThrow('Machine (no id): it needs an id and a name')
    expect(() => readMachine({ ...file, colour: 'red' })).toThrow('no field "colour"')
    expect(() => readMachine({ ...file, figures: {} })).toThrow('needs the figure "matmulFlopsPerSecond"')
  })

  it('say of every shipped number where it is from, and which are unverified', () => {
    expect(machines.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['cs2', 'cs3', 'v100', 'a100-40', 'a100-80', 'h100', 'h200', 'b200']),
    )
    for (const { figures } of machines)
      for (const { source, status } of Object.values(figures))
        expect([source.length > 5, typeof status]).toEqual([true, 'string'])
    expect(v100.figures.deviceWatts.status).toBe('unverified')
    expect(findMachine('cs3').figures.matmulFlopsPerSecond.status).toBe('assumption')
    expect(findMachine('cs2').figures.utilisation.status).toBe('assumption')
  })

  it('are models of possible shapes', () => {
    expect(() => readModel({ id: 'x', layers: 2, width: 65, heads: 8 })).toThrow('65 does not divide into 8 heads')
    expect(() => readModel({ id: 'x', layers: 2, width: 64, heads: 8, depth: 3 })).toThrow('no field "depth"')
    expect(() => readModel({ id: 'x', width: 64, heads: 8 })).toThrow('needs "layers"')
    expect(() => readModel({ id: 'x', layers: 1e12, width: 64, heads: 8 })).toThrow('from 1 to 100000')
    expect(() => readModel({ id: 'é'.repeat(201), layers: 2, width: 64, heads: 8 })).toThrow('1 to 200 characters')
    expect(() => readModel([1])).toThrow('record of named values')
  })
})
