// @vitest-environment happy-dom
// The Cluster page: three records answered at once, refusals in one sentence, machines of one's own, and the search.
import { beforeEach, describe, expect, it } from 'vitest'
import { machineFile } from '#shared/cluster/machine.ts'
import { publishedRuns, streamingPlanFor, systemsFor } from '#renderer/views/cluster/sides.ts'
import { activationsByDepth, efficiencyOf } from '#renderer/views/cluster/parallelism.ts'
import { isGpu, isWafer, useClusterStore } from '#renderer/stores/cluster.ts'
import { streamingEstimate } from '#shared/cluster/streaming.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow } from '../support/window.ts'

let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = openWindow().fake
  await loadStores()
  await useClusterStore().load()
})

describe('the plan in view', () => {
  it('is answered as it is typed, and refused with the numbers that clash', () => {
    const cluster = useClusterStore()
    expect(cluster.gpuReply?.answer?.mfu).toBeGreaterThan(0.4)
    cluster.choices.gpu = { ...cluster.choices.gpu, tensor: 7 }
    expect(cluster.gpuReply).toMatchObject({
      answer: null,
      problem: '64 devices do not divide into tensor 7 x pipeline 8 = 56.',
    })
  })

  it('takes what a person assumes of a machine, and forgets it again', () => {
    const cluster = useClusterStore()
    cluster.choices.machineId = 'cs2'
    const before = cluster.streamingReply!.answer!.stepSeconds
    cluster.assume('cs2', 'utilisation', 0.6)
    expect(cluster.streamingReply!.answer!.stepSeconds).toBeLessThan(before)
    cluster.assume('cs2', 'utilisation', null)
    expect(cluster.streamingReply!.answer!.stepSeconds).toBe(before)
  })

  it("runs on a machine of the person's own, once every figure has a source", async () => {
    const cluster = useClusterStore()
    const file = { ...machineFile(cluster.machine!), id: 'mine', name: 'Mine' }
    await expect(cluster.saveMachine({ ...file, colour: 'red' })).rejects.toThrow('there is no field "colour"')
    await cluster.saveMachine(file)
    expect(cluster.machine?.id).toBe('mine')
    await cluster.deleteMachine('mine')
    expect(cluster.machines.some(({ id }) => id === 'mine')).toBe(false)
    expect(cluster.choices.machineId).toBe('a100-80')
    useNoticesStore()
      .notices.find(({ text }) => text === 'Mine was deleted.')!
      .action!.run()
    await expect.poll(() => cluster.machine?.id).toBe('mine')
  })
})

it('begins with plans that fit, on GPUs and on wafers', () => {
  const cluster = useClusterStore()
  expect(cluster.gpuReply?.answer?.fits).toBe(true)
  cluster.choices.machineId = 'cs2'
  expect(cluster.streamingReply?.answer?.fits).toBe(true)
})

describe('the search', () => {
  it('is sent with the machine as assumed, and follows its news alone', async () => {
    const cluster = useClusterStore()
    cluster.assume('a100-80', 'networkBytesPerSecond', 1e9)
    await cluster.startSearch({ devices: [8], batch: 64 })
    const [request] = fake.asked.find(({ name }) => name === 'searchPlans')!.args as [
      { machine: { figures: Record<string, { value: number }> } },
    ]
    expect(request.machine.figures['networkBytesPerSecond'].value).toBe(1e9)
    fake.tell('planSearch', { ...cluster.search!, id: 'another', share: 0.9 })
    expect(cluster.search!.share).toBe(0)
    fake.tell('planSearch', { ...cluster.search!, share: 0.5 })
    expect(cluster.search!.share).toBe(0.5)
  })
})

describe('what the pictures show', () => {
  it('activations grow with the depth of a pipeline, with its square when the model deepens, and GPipe holds most', () => {
    const cluster = useClusterStore()
    const { sameModel, deeperModel, gpipe } = activationsByDepth(cluster.model!, cluster.choices.gpu, 4)
    const growth = (points: { y: number }[]) => points[6].y / points[5].y // 64 stages against 32
    expect(growth(sameModel)).toBeCloseTo(65 / 33, 10)
    expect(growth(deeperModel)).toBeCloseTo((64 * 65) / (32 * 33), 10)
    expect(growth(gpipe)).toBe(4)
    expect(gpipe[6].y).toBeGreaterThan(deeperModel[6].y)
  })

  it('one device is as fast as itself, and no kind of parallelism is free', () => {
    const cluster = useClusterStore()
    const model = cluster.models.find(({ id }) => id === 'megatron-1.7b')!
    const machine = cluster.machineOf('a100-80')
    if (!isGpu(machine)) throw new Error('the A100 is a GPU')
    for (const kind of ['data', 'tensor', 'pipeline'] as const) {
      const points = efficiencyOf(kind, model, machine, 512)
      expect(points[0]).toEqual({ devices: 1, efficiency: 1, fits: true })
      expect(points.length).toBeGreaterThan(2)
      for (let i = 1; i < points.length; i++) expect(points[i].efficiency).toBeLessThan(points[i - 1].efficiency)
    }
  })

  it('every published run is a plan that its machine can carry, and its model streams on every number of systems that its batch divides over', () => {
    const cluster = useClusterStore()
    const wafer = cluster.machineOf('cs2')
    if (!isWafer(wafer)) throw new Error('the CS-2 is a wafer')
    for (const { modelId, plan } of publishedRuns) {
      const model = cluster.models.find(({ id }) => id === modelId)!
      for (const systems of systemsFor(plan.batch, wafer.maximumSystems)) {
        const streaming = streamingPlanFor(model, wafer, systems, plan.batch)
        expect(streamingEstimate(model, streaming, wafer).stepSeconds).toBeGreaterThan(0)
        expect(plan.batch % (systems * streaming.microBatch)).toBe(0)
      }
    }
  })
})
