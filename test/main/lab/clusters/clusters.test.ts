// The cluster room behind its requests: machines of a person's own, searches in a worker, the report on measurements.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineFile } from '#shared/cluster/machine.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { PlanSearch } from '#shared/cluster/plan-search.ts'
import { createClusters, type Clusters } from '#main/lab/clusters/clusters.ts'
import { findMachine, findModel, machines } from '#shared/cluster/presets.ts'
import { runJob } from '#main/worker.ts'
import { forkInProcess } from '../../../support/in-process-worker.ts'
import { until } from '../../../support/tiny-lab.ts'

let folder = ''
let clusters: Clusters
let news: PlanSearch[] = []
let lastId = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-machines-'))
  news = []
  const { fork } = forkInProcess(runJob)
  clusters = createClusters({
    folder,
    fork,
    nowMs: Date.now,
    newId: () => `search-${++lastId}`,
    news: { tell: ((_kind: string, one: PlanSearch) => void news.push(one)) as never },
  })
})
afterEach(async () => {
  await clusters.close()
  rmSync(folder, { recursive: true, force: true })
})

const mine = { ...machineFile(findMachine('a100-80')), id: 'mine', name: 'Mine' }
const choices = (devices: number[], batch = 64) => ({
  model: findModel('gpt3-175b'),
  machine: machineFile(findMachine('a100-80')),
  request: { devices, batch },
})

describe("a machine of one's own", () => {
  it('is kept as a file of the form in which machines ship, changed and deleted', async () => {
    expect(await clusters.saveMachine(mine)).toMatchObject({ isOwn: true, machine: { id: 'mine', devicesPerNode: 8 } })
    expect(JSON.parse(readFileSync(join(folder, 'mine.json'), 'utf8'))).toEqual(mine)
    await clusters.saveMachine({ ...mine, name: 'Ours' })
    const { machines: known, problems } = await clusters.catalogue()
    expect(known.filter(({ isOwn }) => isOwn).map(({ machine }) => machine.name)).toEqual(['Ours'])
    expect(problems).toEqual([])
    await clusters.deleteMachine('mine')
    expect((await clusters.catalogue()).machines).toHaveLength(machines.length)
    await expect(clusters.deleteMachine('mine')).rejects.toThrow('no machine "mine"')
  })

  it.each([
    [{ ...mine, id: 'a100-80' }, 'is a machine that ships'],
    [{ ...mine, id: '../mine' }, 'small letters, digits'],
    [{ ...mine, colour: 'red' }, 'there is no field "colour"'],
    [
      { ...mine, figures: { ...mine.figures, memoryBytes: { value: 1e9, source: '', status: 'primary' } } },
      'needs a source',
    ],
    [
      {
        ...mine,
        figures: { ...mine.figures, memoryBytes: { value: 1e9, source: 'me', status: 'primary', unit: 'B' } },
      },
      'has no field "unit"',
    ],
    [
      { ...mine, figures: { ...mine.figures, devicesPerNode: { value: 7.5, source: 'me', status: 'assumption' } } },
      'must be a whole number',
    ],
    [{ ...mine, formats: ['fp17'] }, 'not "fp17"'],
  ])('is refused and nothing is written: %#', async (file, words) => {
    await expect(clusters.saveMachine(file)).rejects.toThrow(words)
    expect((await clusters.catalogue()).machines).toHaveLength(machines.length)
  })

  it('that was spoilt on disk is named, and the others stay', async () => {
    await clusters.saveMachine(mine)
    writeFileSync(join(folder, 'spoilt.json'), '{')
    writeFileSync(join(folder, 'other.json'), JSON.stringify(mine))
    const { machines: known, problems } = await clusters.catalogue()
    expect(known).toHaveLength(machines.length + 1)
    expect(problems.map(({ file }) => file)).toEqual([join(folder, 'other.json'), join(folder, 'spoilt.json')])
    expect(problems[0].message).toContain('should be mine.json')
  })
})

describe('a search', () => {
  it('runs in a worker to its result', async () => {
    const begun = await clusters.startSearch(choices([64]))
    expect(begun.state).toBe('queued')
    const ended = await until(async () => news.find((one) => !isUnderWay(one)), 'an end')
    expect(ended).toMatchObject({ id: begun.id, state: 'finished', share: 1 })
    expect(ended.result!.best.length).toBeGreaterThan(3)
  })

  it('is cancelled when asked, and by the next one', async () => {
    const first = await clusters.startSearch(choices([512, 1024, 2048], 6144))
    expect(await clusters.stopSearch(first.id)).toMatchObject({ state: 'cancelled', result: null })
    const second = await clusters.startSearch(choices([512, 1024, 2048], 6144))
    const third = await clusters.startSearch(choices([64]))
    expect(news.find(({ id, state }) => id === second.id && state === 'cancelled')).toBeDefined()
    await until(async () => news.find(({ id, state }) => id === third.id && state === 'finished'), 'the third')
    await expect(clusters.stopSearch('another')).rejects.toThrow('no such search')
  })

  it('is refused where nothing can be searched', async () => {
    await expect(clusters.startSearch({ ...choices([8]), machine: machineFile(findMachine('cs2')) })).rejects.toThrow(
      'leaves nothing to search',
    )
  })
})

it('reports the error of every table, with where its measurements are from', async () => {
  const { tables, sources, commands } = await clusters.validation()
  expect(tables.find(({ table, part }) => table === 'korthikanti' && part === 'all')!.time!.mean).toBeLessThan(0.06)
  for (const { table } of tables) expect(sources[table].length).toBeGreaterThan(10)
  expect(commands.heldOut).toContain('--cross-validate')
})
