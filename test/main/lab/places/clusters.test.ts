// What is kept of a cluster, and that nothing in it is a password.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { plainCluster } from '#main/doors/cli/cluster.ts'
import { createSlurmClusters } from '#main/lab/places/clusters.ts'
import { slurmCluster } from '#main/lab/places/schema.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'isoflop-clusters-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const far = { ...plainCluster('far', 'isoflop'), ssh: 'me@far' }

it('a cluster is one file that holds what a job asks for, and nothing that opens a door', async () => {
  const clusters = createSlurmClusters(folder)
  await clusters.save({ ...far, time: '8:00:00' })
  expect(readdirSync(folder)).toEqual(['far.json'])
  const text = readFileSync(join(folder, 'far.json'), 'utf8')
  expect(Object.keys(JSON.parse(text).cluster).sort()).toEqual(Object.keys(far).sort())
  expect(text).not.toMatch(/pass(word|phrase)|secret|token|identity|PRIVATE KEY/i)
  expect(await clusters.list()).toEqual([{ ...far, time: '8:00:00' }])
})

it('a password has no field to come in by, nor a place in the name of a host', async () => {
  for (const field of ['password', 'passphrase', 'key', 'otp'])
    expect(slurmCluster.safeParse({ ...far, [field]: 'x' }).success, field).toBe(false)
  const clusters = createSlurmClusters(folder)
  for (const ssh of ['me:secret@far', 'ssh://me:secret@far', 'far -o Password=x', '-oIdentityFile=x'])
    await expect(clusters.save({ ...far, ssh }), ssh).rejects.toThrow('ssh: name a host')
  expect(readdirSync(folder)).toEqual([])
})

it('a file that is none is passed over in the list, and named where it is asked for', async () => {
  const clusters = createSlurmClusters(folder)
  await clusters.save(far)
  writeFileSync(join(folder, 'torn.json'), '{"cluster": {')
  writeFileSync(join(folder, 'old.json'), '{"cluster": {"name": "old", "password": "x"}}')
  expect((await clusters.list()).map(({ name }) => name)).toEqual(['far'])
  await expect(clusters.read('old')).rejects.toThrow(/does not describe a cluster/)
  await expect(clusters.read('../far')).rejects.toThrow(/no cluster called/)
  await clusters.remove('far')
  await expect(clusters.read('far')).rejects.toThrow(/no cluster called "far"/)
})
