// The benchmark's own arithmetic and its report, on numbers worked out by hand; what it measures is no unit test.
import { describe, expect, it } from 'vitest'
import { contest, spreadOf, type Participant } from '#main/core/bench/contest.ts'
import { describeBench, type BenchReport } from '#main/core/bench/report.ts'
import { benchModel, benchShapes, layerProducts } from '#main/core/bench/task.ts'
import { flopsPerToken } from '#shared/family/flops.ts'
import { countParameters } from '#shared/family/shape.ts'

describe('what is measured', () => {
  it('are four shapes of 3.75, 0.88, 0.14 and 29.68 million parameters', () => {
    const millions = benchShapes.map(({ shape }) => (countParameters(shape) / 1e6).toFixed(2))
    expect(millions).toEqual(['3.75', '0.88', '0.14', '29.68'])
  })

  it('counts 6 N + 12 L d T FLOPs per token', () => {
    const { shape } = benchShapes[0]
    expect(flopsPerToken(shape, 'palm')).toBe(6 * countParameters(shape) + 12 * 4 * 256 * 256)
  })

  it('multiplies what the layers multiply', () => {
    const products = layerProducts(benchShapes[2])
    expect(products[0]).toMatchObject({ name: 'C qkv x·W', m: 1024, n: 192, k: 64 })
    expect(benchModel(benchShapes[0]).parametrisation.attentionScale).toBe(1 / 8)
  })
})

it('the middle of the samples, and their ends', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, most: 4 })
})

it('a peer whose smallest piece of work takes a quarter of a minute is left out, and said to be', async () => {
  const taking = (engine: Participant['engine'], seconds: number): Participant => ({
    engine,
    counterpart: {
      ask: async (message) => {
        if ('spec' in (message as object)) return { device: engine }
        return 'run' in (message as object) ? { count: 100, seconds } : { peakRssBytes: 2 ** 20 }
      },
      end: async () => undefined,
      kill: () => undefined,
    },
  })
  const party = [
    taking('native', 2),
    taking('native-bf16', 40),
    taking('pytorch-eager', 4),
    taking('pytorch-eager-bf16', 15),
  ]
  const options = { pairs: 1, sliceSeconds: 1, signal: new AbortController().signal }
  const { name, measured, absent, against, againstFastest } = await contest(
    'train C',
    { kind: 'train', ...benchShapes[2] },
    party,
    1,
    options,
  )
  expect(name).toBe('train C')
  expect(measured.map(({ engine }) => engine)).toEqual(['native', 'native-bf16', 'pytorch-eager'])
  expect(absent).toEqual([
    { engine: 'pytorch-eager-bf16', message: 'The smallest piece of this work takes it 15 s, so it was left out.' },
  ])
  expect(against).toMatchObject({ peer: 'pytorch-eager', ratio: { median: 2 } })
  expect(againstFastest).toMatchObject({ engine: 'native', precision: 'fp32' })
})

it('a report names the machine, the rates, the ratio and what was left out', () => {
  const report: BenchReport = {
    cpu: 'A processor',
    logicalCores: 4,
    memoryBytes: 8 * 2 ** 30,
    system: 'Linux 6 x64',
    threads: 2,
    device: 'native, AVX2, 2 threads',
    comparisons: [
      {
        name: 'train C',
        unit: 'tokens/s',
        measured: [
          {
            engine: 'native',
            device: 'native, AVX2, 2 threads',
            rate: { median: 123456, least: 1, most: 2 },
            flopsPerSecond: 1.25e11,
            peakRssBytes: 72 * 2 ** 20,
          },
        ],
        absent: [{ engine: 'tensorflow', message: 'not installed' }],
        againstFastest: null,
        against: { peer: 'pytorch-eager', ratio: { median: 1.5, least: 1.25, most: 1.75 }, memoryRatio: 0.25 },
      },
    ],
    profiles: [
      {
        name: 'train C',
        peakFlopsPerSecond: 2e11,
        kernels: [{ kernel: 'linear 64×192', calls: 10, seconds: 0.001, flops: 1e8 }],
      },
    ],
    notes: ['PyTorch was left out.'],
  }
  expect(describeBench(report).split('\n')).toEqual([
    'A processor, 4 logical cores, 8 GiB, Linux 6 x64',
    'native, AVX2, 2 threads; 2 threads',
    '',
    'train C',
    '  native           123,456 tokens/s, 125 GFLOP/s, peak memory 72 MiB',
    '  tensorflow       not here: not installed',
    '  ratio to pytorch-eager: 1.50 (1.25 to 1.75), memory 0.25',
    '',
    'profile of train C: the registers alone do 200 GFLOP/s',
    '  linear 64×192              100.0 %      100 µs a call  100 GFLOP/s, 50 % of peak',
    '',
    'PyTorch was left out.',
  ])
})
