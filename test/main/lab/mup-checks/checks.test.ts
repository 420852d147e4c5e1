import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LabHost } from '#main/lab/lab.ts'
import { tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

describe('a check of muP', () => {
  const choices = { widths: [4, 8], layers: 1, steps: 3, learningRates: [1e-3, 1e-2, 3e-2] }
  const ended = (lab: LabHost, studyId: string) =>
    until(
      async () => (await lab.listChecks(studyId)).find(({ state }) => state !== 'queued' && state !== 'running'),
      'a check that ended',
    )

  it('is started, told, kept and still there when the lab opens again', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const told: string[] = []
    lab.listen('check', ({ state }) => told.push(state))
    const begun = await lab.startCheck(study.id, 'transfer', choices)
    expect(begun).toMatchObject({ studyId: study.id, kind: 'transfer', state: 'queued', choices, engine: 'reference' })
    const check = await ended(lab, study.id)
    expect(check).toMatchObject({ id: begun.id, state: 'finished', share: 1, message: null })
    expect(check.transfer.length).toBe(2 * 2 * 3 * 3) // parametrisations, widths, rates, seeds
    expect(new Set(told)).toEqual(new Set(['queued', 'running', 'finished']))
    await lab.close()
    expect(await (await bench.open()).listChecks(study.id)).toEqual([check])
  })

  it('is cancelled, and another of its kind is refused while it lasts', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const { id } = await lab.startCheck(study.id, 'coordinates', { ...choices, steps: 50_000 })
    await expect(lab.startCheck(study.id, 'coordinates', {})).rejects.toMatchObject({ code: 'conflict' })
    await until(async () => (await lab.listChecks(study.id))[0].state === 'running', 'a check that runs')
    expect(await lab.stopCheck(id)).toMatchObject({ state: 'cancelled', secondsLeft: null })
    const again = await lab.startCheck(study.id, 'coordinates', choices)
    expect(
      await until(async () =>
        (await lab.listChecks(study.id)).find((one) => one.id === again.id && one.state === 'finished'),
      ),
    ).toMatchObject({ share: 1 })
    expect((await lab.listChecks(study.id)).map(({ state }) => state)).toEqual(['cancelled', 'finished'])
  })

  it('that the lab closed on is interrupted, and goes with its study when that goes for good', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    await lab.startCheck(study.id, 'coordinates', { ...choices, steps: 50_000 })
    await until(async () => (await lab.listChecks(study.id))[0].state === 'running', 'a check that runs')
    await lab.close()
    const next = await bench.open()
    expect(await next.listChecks(study.id)).toMatchObject([{ state: 'interrupted', secondsLeft: null }])
    await next.deleteStudy(study.id)
    await next.emptyDeleted(null)
    await next.close()
    expect(await (await bench.open()).listChecks(study.id)).toEqual([])
  })

  it('with choices that cannot be is refused with the reason', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    await expect(lab.startCheck(study.id, 'coordinates', { widths: [5, 8] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('5'),
    })
    await expect(lab.startCheck(study.id, 'nonsense' as never, {})).rejects.toMatchObject({ code: 'bad-input' })
    await expect(lab.startCheck(study.id, 'coordinates', { width: 3 } as never)).rejects.toMatchObject({
      code: 'bad-input',
    })
    await expect(lab.startCheck('nobody', 'coordinates', {})).rejects.toMatchObject({ code: 'not-found' })
    await expect(lab.stopCheck('nobody')).rejects.toMatchObject({ code: 'not-found' })
    expect(await lab.listChecks(study.id)).toEqual([])
  })
})
